"""From files to the ledger: pseudonyms, redeliveries, withdrawn loads, unsubscribes, notices, requests."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

import psycopg
import pytest

from cercle import db
from cercle.load import load_file
from cercle.load.states import set_load_state
from cercle.privacy import append_admitted
from cercle.privacy.intake import take_in
from cercle.privacy.ledger import first_break
from cercle.privacy.lookup import find_contact_point
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.settings import Settings
from cercle.sources import Source, installed_plugins
from conftest import HMAC_KEYS

PRIVACY = Source("privacy", installed_plugins()["privacy"], "FR", "Europe/Paris")
EMAIL = Source("email", installed_plugins()["email"], "FR", "Europe/Paris")
MAILBOX, NUMBER = "ana.martin@exemple.fr", "06 39 98 12 34"
GRANT = {
    "source_system": "store",
    "event_id": "E1",
    "recorded_at": "2026-03-01T09:00:00Z",
    "occurred_at": "2026-03-01T09:00:00Z",
    "type": "consent_given",
    "source_ref": "C0042",
    "contact_point": f"email:{MAILBOX}",
    "channel": "email",
    "purpose": "direct_marketing",
    "actor": "subject",
    "method": "web_form",
    "notice_id": "N1",
    "notice_version": "1",
    "evidence": f"form sent by {MAILBOX}",
}


def deliver(settings: Settings, entity: str, *rows: Mapping[str, Any], source: Source = PRIVACY) -> int:
    """Load rows as a file of JSON lines, admit it, and return its load id."""
    settings.landing_dir.mkdir(parents=True, exist_ok=True)
    path = settings.landing_dir / f"{entity}-{abs(hash(json.dumps(rows, sort_keys=True)))}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = load_file(settings, source, path, entity)
    assert result.load_id is not None
    with db.connect(settings) as connection:
        set_load_state(connection, result.load_id, "checked")
    return result.load_id


def take(settings: Settings) -> int:
    with db.connect(settings) as connection:
        return append_admitted(connection, settings)


def rows(settings: Settings, text: str) -> list[tuple[Any, ...]]:
    with db.connect(settings) as connection:
        return connection.execute(text.encode()).fetchall()


def test_events_come_in_under_pseudonyms(database: Settings) -> None:
    deliver(database, "consent_events", GRANT, GRANT | {"event_id": "E2", "contact_point": f"tel:{NUMBER}"})
    assert take(database) == 2
    key = PseudonymKey.current(database)
    found = rows(
        database,
        "select identity_key, contact_point_key, contact_point_kind from privacy.consent_events order by position",
    )
    identity = key.of(IDENTITY_KIND, "store:C0042")
    assert found == [
        (identity, key.of("email", MAILBOX), "email"),
        (identity, key.of("tel", "+33639981234"), "tel"),
    ]
    with db.connect(database) as connection:
        assert find_contact_point(connection, key, " TEL: 0033 (0)6.39.98.12.34") == found[1][1]


def test_no_clear_value_stands_in_privacy(database: Settings) -> None:
    """Nor one that came in the wrong column, or without its kind."""
    deliver(
        database,
        "consent_events",
        GRANT,
        GRANT | {"event_id": "E2", "channel": MAILBOX, "purpose": NUMBER},
        GRANT | {"event_id": "E3", "contact_point": MAILBOX, "purposes": [MAILBOX]},
        GRANT | {"event_id": "E4", "from_contact_point": MAILBOX, "to_contact_point": f"tel:{NUMBER}"},
    )
    deliver(database, "requests", _request("R1", email=MAILBOX, phone=NUMBER, customer_ref="C0042"))
    take(database)
    with db.connect(database) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'privacy'"
        ).fetchall()
        everything = " ".join(
            str(row)
            for (table,) in tables
            for row in connection.execute(f"select t::text from privacy.{table} as t".encode())
        ).lower()
    for clear in (MAILBOX, "exemple.fr", NUMBER, "639981234", "martin", "c0042"):
        assert clear not in everything, clear
    quarantined = rows(
        database,
        "select source_event_id, quarantine_reason from privacy.consent_events "
        "where is_quarantined order by source_event_id",
    )
    assert quarantined == [
        ("E2", "unknown_channel"), ("E3", "unknown_purpose"), ("E4", "unknown_contact_point_kind"),
    ]  # fmt: skip


SAID: list[str] = []


class _Recorder(psycopg.Cursor[Any]):
    """Remembers all that goes to the server, data of COPY apart."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        text = query.as_string(self) if hasattr(query, "as_string") else str(query)
        SAID.append(f"{text} {params}")
        return super().execute(query, params, **options)


def test_the_secret_reaches_no_statement_and_no_log(
    database: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    secret = HMAC_KEYS.partition(":")[2]
    deliver(database, "consent_events", GRANT)
    caplog.set_level(logging.DEBUG)
    SAID.clear()
    with db.connect(database) as connection:
        connection.cursor_factory = _Recorder
        counts = take_in(connection, database)
    assert counts.events == 1
    assert len(SAID) > 10
    spoken = "\n".join([*SAID, caplog.text, repr(database), repr(PseudonymKey.current(database))])
    assert secret not in spoken
    assert repr(bytes.fromhex(secret)) not in spoken


def test_nothing_new_appends_nothing(database: Settings) -> None:
    deliver(database, "consent_events", GRANT)
    assert [take(database) for _ in range(3)] == [1, 0, 0]
    # The same row in another file, and again with a later recording.
    deliver(database, "consent_events", GRANT, GRANT | {"recorded_at": "2026-03-02T09:00:00Z"})
    assert take(database) == 0
    deliver(
        database,
        "consent_events",
        GRANT | {"type": "consent_withdrawn", "recorded_at": "2026-03-03T09:00:00Z"},
    )
    assert take(database) == 1


def test_a_withdrawn_load_counts_for_nothing_and_what_another_brought_too_stays(database: Settings) -> None:
    first = deliver(database, "consent_events", GRANT, GRANT | {"event_id": "E2"})
    take(database)
    second = deliver(database, "consent_events", GRANT, GRANT | {"event_id": "E3"})
    take(database)
    with db.connect(database) as connection:
        set_load_state(connection, first, "withdrawn", "a test")
    assert take(database) == 1
    counted = rows(
        database,
        "select source_event_id, load_id from privacy.consent_events "
        "where load_id in (select load_id from ops.admitted_loads) order by 1",
    )
    assert counted == [("E1", second), ("E3", second)]
    assert take(database) == 0
    with db.connect(database) as connection:
        assert first_break(connection) is None


def test_unsubscribes_complaints_and_hard_bounces_count(database: Settings) -> None:
    event = {"occurred_at": "2026-03-01T09:00:00Z", "campaign_id": "K1", "email": MAILBOX}
    deliver(
        database,
        "campaign_events",
        *(event | {"event_id": kind, "kind": kind} for kind in ("open", "click", "unsubscribe", "complaint")),
        event | {"event_id": "hard", "kind": "bounce", "bounce_type": "hard"},
        event | {"event_id": "soft", "kind": "bounce", "bounce_type": "soft"},
        source=EMAIL,
    )
    assert take(database) == 3
    found = rows(
        database, "select source_event_id, type, contact_point_key from privacy.consent_events order by 1"
    )
    mailbox = PseudonymKey.current(database).of("email", MAILBOX)
    assert found == [
        ("campaign_events:complaint", "consent_withdrawn", mailbox),
        ("campaign_events:hard", "hard_bounce", mailbox),
        ("campaign_events:unsubscribe", "consent_withdrawn", mailbox),
    ]


def test_a_new_version_of_the_secret_keeps_the_names_of_the_ledger(database: Settings) -> None:
    """After a rotation the same mailbox has another pseudonym; the ledger goes on with the first."""
    deliver(database, "consent_events", GRANT)
    take(database)
    [(old,)] = rows(database, "select contact_point_key from privacy.consent_events")
    new = PseudonymKey("k2", b"\x02" * 32)
    with db.connect(database) as connection:
        connection.execute(
            "insert into privacy.contact_points (contact_point_key, kind, key_version, ledger_key)"
            " values (%s, 'email', 'k2', %s)",
            (new.of("email", MAILBOX), old),
        )
        assert find_contact_point(connection, new, f"email:{MAILBOX}") == old


def test_notices_are_kept_with_every_description(database: Settings) -> None:
    notice = {
        "notice_id": "N1",
        "notice_version": "1",
        "recorded_at": "2025-01-01T00:00:00Z",
        "valid_from": "2025-01-01T00:00:00Z",
        "wording": "J'accepte",
        "coverage": [{"channel": "email", "purpose": "direct_marketing", "basis": "consent"}],
        "recipients": ["A", "B"],
    }
    later = notice | {"recorded_at": "2026-05-01T00:00:00Z", "invalidation_known_at": "2026-05-01T00:00:00Z"}
    deliver(database, "notices", notice, later)
    for _ in range(2):
        take(database)
        assert rows(
            database, "select count(*), count(distinct wording_sha256) from privacy.notice_versions"
        ) == [(2, 1)]
        assert rows(database, "select count(*), min(basis) from privacy.notice_coverage") == [(2, "CONSENT")]
        assert rows(database, "select count(*) from privacy.notice_recipients") == [(4,)]


def test_requests_are_listed_with_their_last_day(database: Settings, cli: Any) -> None:
    deliver(
        database,
        "requests",
        _request("R1", received_at="2026-03-05T10:00:00Z"),
        _request("R2", received_at="2026-01-31T10:00:00Z", status="extended"),
        _request("R2", status="done", updated_at="2026-02-01T00:00:00Z", closed_at="2026-02-01T00:00:00Z"),
    )
    take(database)
    found = rows(
        database, "select request_key, due_date, status, is_extended from privacy.requests order by 1"
    )
    assert found == [
        ("requests:privacy:R1", date(2026, 4, 7), "received", False),
        ("requests:privacy:R2", date(2026, 4, 30), "done", True),
    ]
    open_ones = cli("privacy", "requests", "--json", settings=database).json
    assert [(row["request_key"], row["due_date"]) for row in open_ones] == [
        ("requests:privacy:R1", "2026-04-07")
    ]
    assert open_ones[0]["is_late"] == (date.today() > date(2026, 4, 7))
    assert take(database) == 0


def _request(request_id: str, **values: Any) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "updated_at": "2026-01-31T10:00:00Z",
        "received_at": "2026-01-31T10:00:00Z",
        "kind": "erasure",
        "status": "received",
    } | values
