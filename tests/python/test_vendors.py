"""The plugins of vendors: their samples through the whole circle in one build, and the real payloads of data/README."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from cercle import vendors
from cercle.dbt_runner import read_manifest
from cercle.load import load_file
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.sources import Source, installed_plugins
from load_support import query as rows_of
from load_support import (
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
)
from projects import World, land, make_project, query, run
from test_real_data import folder

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def warehouse(make_lasting_database: Callable[..., Settings]) -> Settings:
    """A published warehouse of which every vendor is a source, each with its samples. Read it; change nothing."""
    settings = make_lasting_database()
    options = {"region": "FR", "time_zone": "Europe/Paris"}
    make_project(settings, {name: {"plugin": name, **options} for name in vendors.__all__})
    project = settings.project_dir / "dbt_project.yml"
    document = yaml.safe_load(project.read_text(encoding="utf-8"))
    document["vars"]["cercle_sign_up_notices"] = {
        "mailchimp": {"notice_id": "loyalty", "notice_version": "2"}
    }
    document["vars"]["cercle_mailbox_domains"] = ["Boutique.exemple.fr"]
    project.write_text(yaml.safe_dump(document), encoding="utf-8")
    land(settings, "privacy", "notices", [package_root() / "samples" / "privacy" / "notices.jsonl"])
    for name in vendors.__all__:
        samples = installed_plugins()[name].samples_dir
        assert samples is not None
        for path in samples.iterdir():
            land(settings, name, path.name.partition(".")[0], [path])
    run(settings, as_of=AS_OF)
    return settings


def test_a_project_without_vendors_has_nothing_of_them(world: World) -> None:
    """No node for dbt to parse or to build."""
    packages = {node["package_name"] for node in read_manifest(world.settings)["nodes"].values()}
    assert packages - {"cercle_project"} == {"cercle"}


def test_nothing_of_the_samples_is_lost(warehouse: Settings) -> None:
    counts = query(
        warehouse,
        """
        select sum(read_count - stored_count), sum(rejected_count), count(*) filter (where state <> 'checked')
        from ops.loads
        """,
    )
    assert counts == [(0, 0, 0)]


# --- the help desk ------------------------------------------------------------------------------------------


def test_a_ticket_is_a_conversation_in_its_channel(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select channel, direction, case_id, outcome
        from marts.interactions
        where source_name = 'zendesk'
        order by occurred_at
        """,
    )
    assert rows == [
        ("email", "inbound", "zendesk:501", None),
        ("email", "outbound", "zendesk:501", None),  # and not the internal note
        ("email", "inbound", "zendesk:501", None),
        ("web_form", "inbound", "zendesk:502", None),
        ("web_form", "outbound", "zendesk:502", None),
        ("chat", "inbound", "zendesk:503", None),
        ("chat", "outbound", "zendesk:503", None),
        ("phone", "inbound", "zendesk:504", "answered"),
    ]


def test_a_requester_is_one_customer_and_an_agent_none(warehouse: Settings) -> None:
    text = """
        select count(distinct customer_id), count(*) filter (where customer_id is null)
        from marts.interactions
        where source_name = 'zendesk'
    """
    assert query(warehouse, text) == [(2, 0)]
    text = (
        "select count(*) from marts.customer_identifiers where identifier_value like '%%@boutique.exemple.fr'"
    )
    assert query(warehouse, text) == [(0,)]


# --- mail ---------------------------------------------------------------------------------------------------


def test_mail_is_one_thread_with_its_sides(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select direction, is_bulk, is_automatic, count(*) over (partition by conversation_id), body
        from marts.interactions
        where source_name = 'mailbox'
        order by occurred_at
        """,
    )
    assert rows == [
        ("inbound", False, False, 3, "Bonjour, le couvercle de ma théière est cassé.\nFrom la boîte, déjà."),
        ("outbound", False, False, 3, "Nous vous envoyons un autre couvercle."),
        ("inbound", True, False, 1, "Des nouvelles."),
        ("inbound", False, True, 3, "Je suis absente."),
    ]


# --- calls and text messages --------------------------------------------------------------------------------


def test_legs_and_unfinished_calls_are_no_contacts(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select channel, direction, outcome, customer_id is not null
        from marts.interactions
        where source_name = 'twilio'
        order by occurred_at, interaction_id
        """,
    )
    assert rows == [
        ("phone", "inbound", "answered", True),
        ("phone", "outbound", "missed", True),
        ("phone", "inbound", "abandoned", True),
        ("sms", "inbound", None, True),
        ("sms", "outbound", None, True),
        ("sms", "inbound", None, True),
        ("sms", "outbound", None, True),
    ]


def test_the_legs_of_a_call_are_one_and_extensions_are_nobody(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select direction, outcome, venue, customer_id is not null, to_char(ended_at at time zone 'UTC', 'HH24:MI:SS')
        from marts.interactions
        where source_name = 'asterisk'
        order by occurred_at
        """,
    )
    assert rows == [
        ("inbound", "answered", None, True, "08:03:26"),
        ("inbound", "abandoned", "service", True, "09:02:00"),
        ("outbound", "answered", None, True, "10:01:09"),
        ("inbound", "voicemail", None, True, "19:00:45"),
    ]


def test_one_number_is_one_customer_whoever_reports_it(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select count(distinct customer_id), count(distinct source_name)
        from marts.interactions
        where channel = 'phone'
            and direction = 'inbound'
            and outcome = 'answered'
            and source_name in ('zendesk', 'twilio')
        """,
    )
    assert rows == [(1, 2)]


# --- the shop -------------------------------------------------------------------------------------------------


def test_lines_and_refunds_add_up_to_the_order(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select order_number, status, sales_channel, total_amount, net_amount, customer_id is not null
        from marts.orders
        where source_name = 'shopify'
        order by order_number
        """,
    )
    assert [(*row[:3], float(row[3]), float(row[4]), row[5]) for row in rows] == [
        ("1001", "completed", "web", 57, 57, True),  # 60 - 3, and two cups that came back
        ("1002", "completed", "store", 36, 36, True),  # prices without taxes; and not 1003, which is a trial
    ]
    lines = query(
        warehouse,
        "select line_number, quantity, line_amount, is_return from marts.order_lines order by order_id, line_number",
    )
    assert [(line, float(count), float(amount), back) for line, count, amount, back in lines] == [
        (11, 1, 57, False),
        (12, 2, 38, False),
        (9011, -2, -38, True),
        (21, 3, 36, False),
    ]


# --- e-mail platforms ---------------------------------------------------------------------------------------


def test_delivery_events_are_touches_of_their_campaign(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select source_name, kind, campaign_number, count(*)
        from marts.campaign_touches
        where source_name in ('sendgrid', 'mailchimp', 'brevo')
        group by source_name, kind, campaign_number
        order by source_name, kind
        """,
    )
    assert rows == [
        ("brevo", "bounce", None, 1),
        ("brevo", "click", "soldes", 1),
        ("brevo", "delivered", "soldes", 1),
        ("brevo", "sent", "soldes", 1),  # what opens by itself is no opening
        ("brevo", "unsubscribe", "17", 1),
        ("mailchimp", "bounce", "c0ffee", 1),
        ("mailchimp", "click", "c0ffee", 1),
        ("mailchimp", "open", "c0ffee", 1),
        ("sendgrid", "bounce", "soldes", 2),
        ("sendgrid", "click", "12345", 1),
        ("sendgrid", "complaint", "12345", 1),
        ("sendgrid", "delivered", "12345", 1),
        ("sendgrid", "open", "12345", 1),
        ("sendgrid", "sent", "12345", 1),
        ("sendgrid", "unsubscribe", "12345", 1),
    ]


def test_a_stop_binds_and_only_a_proof_allows(warehouse: Settings) -> None:
    """What each platform says of permissions, as it comes out of the decisions for e-mail and text messages."""
    rows = query(
        warehouse,
        """
        select distinct known.normalised, contactability.channel, contactability.decision, contactability.reason
        from marts.contactability
        inner join ops.normalised_values as known
            on contactability.contact_point_key = known.value_key and known.value_type in ('email', 'phone')
        where contactability.purpose = 'direct_marketing' and contactability.channel in ('email', 'sms')
        """,
    )
    decided = {(point, channel): (decision, reason) for point, channel, decision, reason in rows}
    expected = {
        # Mailchimp: form and click, each with its time and address, under a notice that the project names
        ("anne.sample@exemple.fr", "email"): ("ALLOW", "CONSENT"),
        # an import has a CONFIRM_TIME and no CONFIRM_IP; a form alone is not confirmed
        ("ines.importee@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("luc.inacheve@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("rita.remise@exemple.fr", "email"): ("DENY", "NO_PROOF"),
        ("paul.parti@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("rose.rejetee@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        # Brevo: BLACKLISTED Yes is a refusal, by channel
        ("bruno.modele@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("+33639980002", "sms"): ("DENY", "WITHDRAWN"),
        ("emma.perdue@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        ("fred.parti@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        # SendGrid: a complaint and an unsubscription stop, a group_resubscribe lifts nothing; blocked is not for good
        ("noe.fictif@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("zoe.fictive@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("mia.modele@exemple.fr", "email"): ("DENY", "NO_BASIS"),
        # Shopify: unsubscribed stops; subscribed, even as confirmed_opt_in, is no proof (anne is proven by Mailchimp)
        ("theo.invente@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        ("+33639980021", "sms"): ("DENY", "WITHDRAWN"),
        # mail servers: failed for good, failed for now, late, complained of
        ("hugo.perdu@exemple.fr", "email"): ("DENY", "UNREACHABLE"),
        ("lea.pleine@exemple.fr", "email"): ("DENY", "NO_BASIS"),
        ("nina.plainte@exemple.fr", "email"): ("DENY", "WITHDRAWN"),
        # Twilio: STOP
        ("+33639980014", "sms"): ("DENY", "WITHDRAWN"),
        ("+33639980011", "sms"): ("DENY", "NO_BASIS"),
    }
    assert {key: decided.get(key) for key in expected} == expected
    assert [key for key, (decision, _) in decided.items() if decision == "ALLOW"] == [
        ("anne.sample@exemple.fr", "email")
    ]


def test_the_ledger_holds_no_address_of_a_platform(warehouse: Settings) -> None:
    rows = query(warehouse, "select row_to_json(events)::text from privacy.consent_events as events")
    assert len(rows) == 20
    assert not [text for (text,) in rows if "exemple.fr" in text or "3998" in text]


# --- real payloads --------------------------------------------------------------------------------------------


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
        rows_of(shared, "select event, min(occurred_at)::text from raw.sendgrid__events group by event")
    )
    assert set(found) == {"processed", "delivered", "dropped", "bounce", "deferred", "open", "click"}
    assert found["processed"].startswith("2016-04-19 19:47:26")


def test_real_brevo_events_are_stored(shared: Settings, tmp_path: Path) -> None:
    """Their time stands in seconds, in milliseconds, in a field whose name is misspelt, or as local time alone."""
    path = write_lines(tmp_path / "events.jsonl", payloads("brevo"))
    result = load_file(shared, source_of("brevo"), path, "events")
    assert (result.read_count, result.stored_count, result.rejected_count) == (11, 11, 0)
    assert result.extra_columns == ()
    found = dict(
        rows_of(shared, "select event, min(occurred_at)::text from raw.brevo__events group by event")
    )
    assert found["request"].startswith("2018-03-06 10:10:23")
    assert found["hard_bounce"].startswith("2018-03-06 19:10:23")
    assert found["proxy_open"].startswith("2018-08-17 06:18:02")


def test_real_audience_exports_are_read(shared: Settings) -> None:
    exports = folder("consent_fixtures") / "esp_exports"
    result = load_file(shared, source_of("brevo"), exports / "brevo_contacts.csv", "contacts")
    assert (result.read_count, result.stored_count) == (1, 1)
    found = rows_of(
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
    found = rows_of(
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
    found = rows_of(
        shared, "select distinct order_number, email, total_amount from raw.shopify__orders order by 3"
    )
    assert [(number, email, float(total)) for number, email, total in found] == [
        ("1001", "bob.norman@hostmail.com", 409.94),
        ("1001", "bob.norman@hostmail.com", 598.94),
    ]


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
