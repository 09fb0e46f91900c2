"""The plugins of vendors on real payloads (where they are there), and on the traps that these hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from cercle.load import load_file
from cercle.settings import Settings
from cercle.sources import Source, installed_plugins
from load_support import (
    query,
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
)
from test_real_data import folder


def write_lines(path: Path, documents: Iterable[object]) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def payloads(name: str) -> list[object]:
    """The payloads of an e-mail platform's webhooks."""
    path = folder("esp_webhooks") / "json" / f"{name}_webhooks.json"
    return [case["payload"] for case in json.loads(path.read_text(encoding="utf-8"))]


def source_of(name: str) -> Source:
    return Source(name, installed_plugins()[name], "FR", "Europe/Paris")


def test_real_sendgrid_events_are_stored(shared: Settings, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "events.jsonl", payloads("sendgrid"))
    result = load_file(shared, source_of("sendgrid"), path, "events")
    # The custom arguments of a sender are not the vendor's: they are seen, and kept.
    assert (result.read_count, result.stored_count, result.rejected_count) == (10, 10, 0)
    assert set(result.extra_columns) == {"anymail_id", "custom1", "custom2"}
    found = dict(
        query(shared, "select event, min(occurred_at)::text from raw.sendgrid__events group by event")
    )
    assert set(found) == {"processed", "delivered", "dropped", "bounce", "deferred", "open", "click"}
    assert found["processed"].startswith("2016-04-19 19:47:26")


def test_real_brevo_events_are_stored(shared: Settings, tmp_path: Path) -> None:
    """Their time stands in seconds, in milliseconds, in a field whose name is misspelt, or as local time alone."""
    path = write_lines(tmp_path / "events.jsonl", payloads("brevo"))
    result = load_file(shared, source_of("brevo"), path, "events")
    assert (result.read_count, result.stored_count, result.rejected_count) == (11, 11, 0)
    assert result.extra_columns == ()
    found = dict(query(shared, "select event, min(occurred_at)::text from raw.brevo__events group by event"))
    assert found["request"].startswith("2018-03-06 10:10:23")
    assert found["hard_bounce"].startswith("2018-03-06 19:10:23")
    assert found["proxy_open"].startswith("2018-08-17 06:18:02")


def test_real_audience_exports_are_read(shared: Settings) -> None:
    exports = folder("consent_fixtures") / "esp_exports"
    result = load_file(shared, source_of("brevo"), exports / "brevo_contacts.csv", "contacts")
    assert (result.read_count, result.stored_count) == (1, 1)
    found = query(
        shared,
        "select is_email_blocked, is_sms_blocked, added_at at time zone 'Europe/Paris' from raw.brevo__contacts",
    )
    assert found == [(True, False, datetime(2022, 4, 12, 9, 30))]
    result = load_file(
        shared, source_of("mailchimp"), exports / "mailchimp_audience.csv", "subscribed_members"
    )
    assert (result.read_count, result.stored_count, result.extra_columns) == (1, 1, ())
    header = exports / "mailchimp_unsubscribed_header.csv"
    result = load_file(shared, source_of("mailchimp"), header, "unsubscribed_members")
    assert (result.state, result.read_count, result.extra_columns) == ("loaded", 0, ())


def test_real_twilio_calls_are_stored(shared: Settings) -> None:
    result = load_file(shared, source_of("twilio"), folder("phone_json") / "twilio_calls_page.json", "calls")
    assert (result.read_count, result.stored_count, result.extra_columns) == (2, 2, ())
    found = query(
        shared,
        """
        select direction, status, from_number, extract(epoch from started_at)::bigint
        from raw.twilio__calls
        order by started_at
        """,
    )
    assert found == [
        ("inbound", "completed", "+14158675308", 1283286989),
        ("outbound-api", "failed", "kevin", 1441406911),
    ]


def test_real_shopify_payloads_are_stored(shared: Settings, tmp_path: Path) -> None:
    """A page, one object in its envelope, and an object as a webhook posts it."""
    payloads = folder("shopify_json")
    shop = source_of("shopify")
    for name, entity, counts in (
        ("orders.json", "orders", (1, 1, 0)),
        ("orders.json", "order_lines", (0, 0, 0)),
        ("order.json", "orders", (1, 1, 0)),
        ("order.json", "order_lines", (3, 3, 0)),
        ("customers_search.json", "customers", (1, 1, 0)),
        ("customer.json", "customers", (1, 1, 0)),
    ):
        result = load_file(shared, shop, payloads / name, entity)
        assert (result.read_count, result.stored_count, result.rejected_count) == counts, (name, result)
        assert result.extra_columns == (), name
    order = json.loads((payloads / "order.json").read_text(encoding="utf-8"))["order"]
    order["refunds"] = [json.loads((payloads / "refund.json").read_text(encoding="utf-8"))["refund"]]
    path = write_lines(tmp_path / "webhooks.jsonl", [order])
    assert load_file(shared, shop, path, "orders").known_count == 1  # with the envelope or without it
    result = load_file(shared, shop, path, "refund_lines")
    assert (result.read_count, result.stored_count) == (2, 2), result
    found = query(
        shared, "select distinct order_number, email, total_amount from raw.shopify__orders order by 3"
    )
    assert [(number, email, float(total)) for number, email, total in found] == [
        ("1001", "bob.norman@hostmail.com", 409.94),
        ("1001", "bob.norman@hostmail.com", 598.94),
    ]


def test_real_posts_are_stored_where_they_name_their_author(shared: Settings) -> None:
    apis = folder("x_api_v2_json") / "apis"
    found = load_file(shared, source_of("x"), apis / "searches" / "search_tweets_query.json", "tweets")
    assert (found.stored_count, found.rejected_count, found.extra_columns) == (found.read_count, 0, ())
    assert found.read_count > 3
    mentions = load_file(shared, source_of("x"), apis / "timeline" / "timeline_mentions.json", "tweets")
    assert mentions.reasons == {"missing_value": mentions.read_count}  # no post of the page says who wrote it
    result = load_file(shared, source_of("x"), apis / "dm_events" / "events.json", "dm_events")
    assert (result.read_count, result.stored_count, result.extra_columns) == (1, 1, ())
    [(refs,)] = query(shared, "select array_agg(distinct split_part(author_ref, ':', 1)) from raw.x__tweets")
    assert refs == ["x"]


def test_real_pages_of_the_graph_api_are_stored(shared: Settings) -> None:
    """Pages with and without an envelope; what asked for no id is rejected."""
    graph, facebook = folder("facebook_instagram_json") / "facebook" / "apidata", source_of("facebook")
    for name, entity, counts in (
        ("posts/feeds_default_fields_p1.json", "posts", (5, 5, 0)),
        ("posts/feed_fields_p1.json", "posts", (5, 5, 0)),
        ("posts/single_post_data.json", "posts", (1, 1, 0)),
        ("comments/comments_p1.json", "comments", (10, 0, 10)),
        ("comments/comment_info.json", "comments", (1, 1, 0)),
        ("conversations/cvs_info.json", "conversations", (1, 1, 0)),
        ("messages/message_info.json", "messages", (1, 1, 0)),
    ):
        result = load_file(shared, facebook, graph / name, entity)
        assert (result.read_count, result.stored_count, result.rejected_count) == counts, (name, result)
        assert result.extra_columns == (), name
    found = query(shared, "select sender_ref, recipient_ref, conversation_id from raw.facebook__messages")
    assert found == [("facebook:2711636948859886", "facebook:2121008874780932", None)]


def test_real_mails_are_stored_or_rejected(shared: Settings, tmp_path: Path) -> None:
    """71 mails, many of them broken on purpose: each becomes a row, or is rejected for want of a date, or for a NUL."""
    mails = [
        path.read_bytes() for path in sorted(folder("mail_eml").glob("*/*")) if "LICENSE" not in path.name
    ]
    assert len(mails) == 71
    path = tmp_path / "messages.mbox"
    path.write_bytes(b"".join(b"From nobody\n" + mail.strip(b"\r\n") + b"\n\n" for mail in mails))
    result = load_file(shared, source_of("mailbox"), path, "messages")
    reports = load_file(shared, source_of("mailbox"), path, "delivery_reports")
    assert result.read_count == result.stored_count + result.known_count + result.rejected_count
    assert set(result.reasons) <= {"missing_value", "nul_byte"}
    assert result.stored_count > 40
    assert reports.read_count == reports.stored_count + reports.known_count + reports.rejected_count > 0
    assert result.read_count >= len(mails) - reports.read_count


# --- traps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plugin", "entity", "text", "fault"),
    [
        # a spreadsheet has ruined the ids
        ("twilio", "calls", '{"calls": [{"sid": "5.70301E+17", "date_updated": "Tue, 31 Aug 2010 20:36:44 +0000", '
         '"date_created": "Tue, 31 Aug 2010 20:36:44 +0000", "direction": "inbound", "status": "completed"}]}',
         "spreadsheet_number"),
        # month and day are taken for one another
        ("brevo", "contacts", "EMAIL;EMAIL_BLACKLISTED;MODIFIED_TIME\na@exemple.fr;Yes;04-13-2022 09:30\n",
         "bad_timestamp"),
        # neither yes nor no: nobody can say whether the contact is blocked
        ("brevo", "contacts", "EMAIL;EMAIL_BLACKLISTED;MODIFIED_TIME\na@exemple.fr;;13-04-2022 09:30\n",
         "missing_value"),
        ("sendgrid", "events", '[{"sg_event_id": "a", "timestamp": "soon", "event": "open", "email": "a@exemple.fr"}]',
         "bad_timestamp"),
        ("zendesk", "ticket_comments", '{"comments": [{"id": 1, "author_id": 2, "public": true, '
         '"created_at": "2025-01-01T00:00:00Z"}], "count": 1}', "missing_value"),
    ],
    ids=["ruined id", "month before day", "neither blocked nor not", "no time", "comment without ticket"],
)  # fmt: skip
def test_a_trap_rejects_the_row(
    plugin: str, entity: str, text: str, fault: str, shared: Settings, tmp_path: Path
) -> None:
    path = tmp_path / f"{entity}.txt"
    path.write_text(text, encoding="utf-8")
    result = load_file(shared, source_of(plugin), path, entity)
    assert (result.read_count, result.stored_count) == (1, 0), result
    assert rejected(shared, result.load_id)[0][1] == fault
