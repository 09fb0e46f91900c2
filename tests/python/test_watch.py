"""The night watch: what needs a person is told once, to real servers, also when one was away; nothing of anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.settings import Settings
from cercle.watch import (
    Channel,
    EmailChannel,
    Limits,
    WebhookChannel,
    channels_from,
    find_conditions,
    make_round,
)
from cercle.watch.texts import TEXTS
from sinks import HookServer, MailServer, self_made_certificate, serving

KINDS = set(TEXTS) - {"run_late"}  # Airflow tells that one

# One case of every kind, and beside each the case that needs nobody.
CASES = """
insert into ops.loads (
    source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version, contract_sha256, state,
    state_reason, read_count, rejected_count, started_at, loaded_at
)
select
    source, source, 'orders', file_name, source || file_name || age, 1, '1', 'x', state,
    'Half of the rows are refused', 40, 40, now(), now() - age::interval
from (
    values
    ('till', 'bad.csv', 'quarantined', '1 hour'),
    ('store', 'torn.csv', 'refused', '1 hour'),
    ('store', 'mended.csv', 'refused', '2 hours'),
    ('store', 'mended.csv', 'checked', '1 hour'),
    ('store', 'long_ago.csv', 'refused', '8 days'),
    ('forum', '1.csv', 'checked', '12 days'),
    ('forum', '2.csv', 'checked', '11 days'),
    ('forum', '3.csv', 'checked', '10 days'),
    ('yearly', '1.csv', 'checked', '370 days'),
    ('yearly', '2.csv', 'checked', '5 days')
) as loads (source, file_name, state, age);

insert into ops.builds (state, as_of, cercle_version, error)
values
('failed', now(), 'test', 'An earlier one'),
('published', now() - interval '2 days', 'test', null),
('failed', now(), 'test', 'A check failed.');
insert into ops.publications (build_id, as_of, published_at)
values (2, now() - interval '2 days', now() - interval '2 days');
insert into ops.quality_results (
    border, suite, expectation, relation, build_id, outcome, severity, message, unexpected_count
) values
('marts', 'marts.match', 'e', 'marts.customer_360', 3, 'failed', 'critical', 'Nine in ten records are linked', 7),
('marts', 'marts.match', 'w', 'marts.customer_360', 3, 'failed', 'warning', 'Only a warning', 7),
('marts', 'marts.match', 'e', 'marts.customer_360', 1, 'failed', 'critical', 'Of an earlier build', 7);
insert into privacy.requests (
    request_key, right_article, kind, status, received_at, due_date, closed_at, identity_key, recorded_at
) values
('requests:privacy:Ana-Durand', '17', 'erasure', 'open', now(), current_date - 9, null, 'a secret', now()),
('requests:privacy:2', '15', 'access', 'open', now(), current_date + 3, null, 'a secret', now()),
('requests:privacy:3', '15', 'access', 'open', now(), current_date + 30, null, 'a secret', now()),
('requests:privacy:4', '15', 'access', 'closed', now(), current_date - 30, now(), 'a secret', now());
insert into ops.recent_alerts (alert_id, publication_id, kind, campaign_id, day_date, contact_count, customer_count)
values
('new', 1, 'campaign_backlash', 'spring', current_date - 2, 31, 28),
('old', 1, 'surge', null, current_date - 20, 31, 28);
"""


@pytest.fixture
def night(database: Settings) -> Settings:
    with db.connect(database) as connection:
        connection.execute(CASES.encode())
    return database


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving(server := MailServer()):
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with serving(server := HookServer()):
        yield server


def channels(mail: MailServer, hook: HookServer) -> list[Channel]:
    return [
        EmailChannel(("ops@example.org",), "cercle@example.org", "127.0.0.1", mail.port),
        WebhookChannel(hook.url),
    ]


def do(settings: Settings, statement: str) -> None:
    with db.connect(settings) as connection:
        connection.execute(statement.encode())


def test_each_kind_is_found_and_what_needs_nobody_is_not(night: Settings) -> None:
    with db.connect(night) as connection:
        found = {(each.kind, each.key): each for each in find_conditions(connection, Limits())}
        assert not [
            each
            for each in find_conditions(connection, Limits(publication_age=None))
            if each.kind == "publication_old"
        ]
    about = {kind: [key for each, key in found if each == kind] for kind in KINDS}
    loads = dict(_loads(night))
    assert about["build_failed"] == ["3"]
    assert about["rule_broken"] == ["3:marts.match:e"]
    assert about["publication_old"] == ["1"]
    assert about["delivery_quarantined"] == [str(loads["bad.csv"])]
    assert about["delivery_refused"] == [str(loads["torn.csv"])]
    assert about["source_silent"] == ["forum"]
    assert [key.partition(":")[0] for key in about["request_late"]] == ["17"]
    assert [key.partition(":")[0] for key in about["request_due"]] == ["15"]
    assert about["market_alert"] == ["new"]
    assert len(found) == len(KINDS)


def _loads(settings: Settings) -> list[tuple[str, int]]:
    with db.connect(settings) as connection:
        return connection.execute(
            "select file_name, max(load_id) from ops.loads group by file_name"
        ).fetchall()


def test_it_is_told_once_and_once_that_it_is_over(
    night: Settings, mail: MailServer, hook: HookServer
) -> None:
    make_round(night, channels(mail, hook))
    [first] = mail.mails
    assert first["Subject"] == f"cercle: critical, {len(KINDS)} new, 0 over"
    assert first["To"] == "ops@example.org"
    text = first.get_content()
    for part in (
        "Nine in ten records are linked",
        "7 rows of marts.customer_360",
        "Half of the rows are refused",
        "cercle check release",
        "28 clients",
        "28 customers",
        "A check failed.",
    ):
        assert part in text
    assert "Ana-Durand" not in text
    assert "secret" not in text
    [body] = hook.bodies
    assert {item["kind"] for item in body["items"]} == KINDS
    assert body["text"].split() == text.split()

    assert make_round(night, channels(mail, hook)).text == ""
    assert len(mail.mails) == len(hook.bodies) == 1

    do(night, "update ops.loads set state = 'released' where state = 'quarantined'")
    do(night, "insert into ops.builds (state, as_of, cercle_version) values ('published', now(), 'test')")
    do(night, "insert into ops.publications (build_id, as_of) values (4, now())")
    done = make_round(night, channels(mail, hook))
    assert done.new == []
    assert {row["kind"] for row in done.over} == {
        "build_failed",
        "rule_broken",
        "publication_old",
        "delivery_quarantined",
    }
    assert mail.mails[1]["Subject"] == "cercle: 0 new, 4 over"
    make_round(night, channels(mail, hook))
    assert len(mail.mails) == 2

    # The same thing again is a new one.
    do(night, "update ops.loads set state = 'quarantined' where state = 'released'")
    assert [row["kind"] for row in make_round(night, channels(mail, hook)).new] == ["delivery_quarantined"]


def test_a_channel_that_is_away_is_told_later_and_nothing_is_lost(
    night: Settings, mail: MailServer, hook: HookServer
) -> None:
    hook.status = 503
    with pytest.raises(CercleError, match=r"not taken by webhook at 127\.0\.0\.1") as error:
        make_round(night, channels(mail, hook))
    assert "secret-path" not in str(error.value)
    assert len(mail.mails) == 1, "one that is away keeps no other from hearing"
    do(night, "update ops.loads set state = 'withdrawn' where state = 'quarantined'")
    hook.status = 200
    make_round(night, channels(mail, hook))
    [body] = hook.bodies
    told = {item["kind"] for item in body["items"]}
    assert told == KINDS - {"delivery_quarantined"}, "what was over before it could be told is not told"
    assert make_round(night, channels(mail, hook)).text == ""


def test_without_a_channel_nothing_counts_as_told(
    night: Settings, mail: MailServer, hook: HookServer
) -> None:
    assert len(make_round(night, []).new) == len(KINDS)
    make_round(night, channels(mail, hook))
    assert len(hook.bodies[0]["items"]) == len(KINDS)


def test_a_password_is_never_sent_in_clear(night: Settings, mail: MailServer) -> None:
    channel = EmailChannel(
        ("ops@example.org",), "cercle@example.org", "127.0.0.1", mail.port, "user", "hidden"
    )
    assert "hidden" not in repr(channel)
    with pytest.raises(CercleError, match="SMTPNotSupportedError"):
        make_round(night, [channel])
    assert not [command for command in mail.commands if command.startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("is_tls_first", [False, True], ids=["starttls", "from the start"])
def test_mail_goes_encrypted_to_a_server_whose_certificate_is_trusted(
    night: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_tls_first: bool
) -> None:
    context, certificate = self_made_certificate(tmp_path)
    with serving(server := MailServer(context, is_tls_first=is_tls_first)):
        environment = {
            "CERCLE_NOTIFY": "mailto:ops@example.org",
            "CERCLE_SMTP": f"{'smtps' if is_tls_first else 'smtp'}://user:hidden@127.0.0.1:{server.port}",
        }
        with pytest.raises(CercleError, match="SSLCertVerificationError"):
            make_round(night, channels_from(environment))
        assert not server.mails
        assert not [line for line in server.commands if line.startswith(("AUTH", "MAIL"))]

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        make_round(night, channels_from(environment))
    assert server.mails[0]["Subject"].startswith("cercle: critical")
    said = {line.partition(" ")[0].upper() for line in server.encrypted}
    assert {"AUTH", "MAIL", "DATA"} <= said
    in_clear = {line.partition(" ")[0].upper() for line in server.commands} - said
    assert in_clear == (set() if is_tls_first else {"STARTTLS"})


def test_smtps_on_a_port_that_begins_in_clear_insists_on_starttls() -> None:
    [channel] = channels_from(
        {"CERCLE_NOTIFY": "mailto:a@example.org", "CERCLE_SMTP": "smtps://mail.example.org:587"}
    )
    assert isinstance(channel, EmailChannel)
    assert (channel.is_tls_needed, channel.is_tls_first) == (True, False)


def test_the_limits_are_ones_own(night: Settings) -> None:
    limits = Limits(timedelta(days=3), request_days=2, silence_factor=20, least_silence=timedelta(hours=1))
    with db.connect(night) as connection:
        kinds = {each.kind for each in find_conditions(connection, limits)}
    assert not kinds & {"publication_old", "request_due", "source_silent"}


def test_the_command_tells_whom_the_environment_names(
    night: Settings, hook: HookServer, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nobody" in cli("watch", settings=night).out
    monkeypatch.setenv("CERCLE_NOTIFY", hook.url)
    assert "Told: webhook at 127.0.0.1" in cli("watch", settings=night).out
    assert cli("watch", settings=night).out == "Nothing new to tell.\n"
    monkeypatch.setenv("CERCLE_NOTIFY", "pigeon:ops")
    assert "CERCLE_NOTIFY" in cli("watch", settings=night).err


def test_targets_of_the_environment() -> None:
    found = channels_from(
        {
            "CERCLE_NOTIFY": "mailto:a@example.org https://chat.example.org/x mailto:b@example.org",
            "CERCLE_SMTP": "smtps://us%40er:p%3Aw@mail.example.org",
        }
    )
    assert found == [
        EmailChannel(
            ("a@example.org", "b@example.org"),
            "cercle@mail.example.org",
            "mail.example.org",
            465,
            "us@er",
            "p:w",
            is_tls_needed=True,
            is_tls_first=True,
        ),
        WebhookChannel("https://chat.example.org/x"),
    ]
    with pytest.raises(CercleError, match="CERCLE_SMTP"):
        channels_from({"CERCLE_NOTIFY": "mailto:a@example.org", "CERCLE_SMTP": "mail.example.org:25"})
