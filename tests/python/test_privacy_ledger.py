"""The ledger: append-only, chained, idempotent; who tampers is found, and no order of arrival changes what it says."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cercle.privacy.ledger import PENDING, AppendCounts, append, first_break, make_pending
from cercle.privacy.rendering import render

GRANT = {
    "ledger": "main",
    "source_system": "web",
    "source_event_id": "A1",
    "identity_key": "ana",
    "contact_point_key": "mailbox",
    "contact_point_kind": "email",
    "channel": "email",
    "purpose": "direct_marketing",
    "type": "consent_given",
    "actor": "subject",
    "occurred_at": "2026-03-01T09:00:00Z",
    "recorded_at": "2026-03-01T09:00:00Z",
}


def put(connection: psycopg.Connection, *events: Mapping[str, Any]) -> AppendCounts:
    """Append events, and commit."""
    pending = make_pending(connection)
    with connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(pending)) as copy:
        for event in events:
            copy.write_row([event.get(column) for column in PENDING])
    counts = append(connection, pending)
    connection.commit()
    return counts


def some_events(count: int) -> Iterable[dict[str, Any]]:
    for number in range(count):
        moment = f"2026-03-01T{number % 24:02d}:00:00Z"
        yield GRANT | {"source_event_id": f"E{number:05d}", "occurred_at": moment, "recorded_at": moment}


def resolved(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """What the ledger says, whatever the order in which it heard it."""
    query = render("resolve_consent_events", "privacy.consent_events", "privacy.event_types")
    columns = "event_id, type, is_quarantined, effective_at, known_from, known_to::text"
    return connection.execute(f"select {columns} from ({query}) as r order by 1, 5").fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        "update privacy.consent_events set type = 'consent_given'",
        "delete from privacy.consent_events",
        "truncate privacy.consent_events",
        "delete from privacy.consent_events where false",
        "update privacy.ledger_heads set row_hash = ''",
        "truncate privacy.ledger_heads",
        "delete from privacy.decisions",
    ],
)
def test_it_is_append_only_even_for_its_owner(connection: psycopg.Connection, statement: str) -> None:
    put(connection, GRANT)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        connection.execute(statement)
    connection.rollback()
    assert connection.execute("select count(*) from privacy.consent_events").fetchone() == (1,)


def test_positions_have_no_gap_and_the_chain_is_whole_over_several_appends(
    connection: psycopg.Connection,
) -> None:
    events = list(some_events(60))
    for part in (events[:25], events[25:26], events[26:]):
        put(connection, *part)
    assert first_break(connection) is None
    positions = [
        row for (row,) in connection.execute("select position from privacy.consent_events order by 1")
    ]
    assert positions == list(range(60))
    heads = connection.execute(
        "select position, appended_count from privacy.ledger_heads order by 1"
    ).fetchall()
    assert heads == [(24, 25), (25, 1), (59, 34)]


COLUMNS = "type channel occurred_at identity_key recorded_at is_quarantined row_hash previous_hash".split()


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_row_breaks_the_chain_at_its_place(connection: psycopg.Connection, column: str) -> None:
    put(connection, *some_events(10))
    value = {
        "occurred_at": "2026-03-02", "recorded_at": "2026-03-02", "is_quarantined": "true",
    }.get(column, "sms")  # fmt: skip
    tamper(connection, f"update privacy.consent_events set {column} = '{value}' where position = 4")
    assert first_break(connection) == 4


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("delete from privacy.consent_events where position = 3", 3),
        ("delete from privacy.consent_events where position = 0", 0),
        ("delete from privacy.consent_events where position >= 7", 7),
        ("delete from privacy.consent_events", 0),
        # A hole closed by moving the rest up is still a hole.
        (
            "delete from privacy.consent_events where position = 3;"
            "update privacy.consent_events set position = position - 1 where position > 3",
            3,
        ),
    ],
)
def test_a_missing_row_is_found(connection: psycopg.Connection, statement: str, place: int) -> None:
    put(connection, *some_events(10))
    tamper(connection, statement)
    assert first_break(connection) == place


def test_a_tail_that_was_forged_whole_differs_from_the_hash_kept_outside(
    connection: psycopg.Connection,
) -> None:
    """Whoever can write the table can compute its hashes; the head outside still tells."""
    put(connection, *some_events(5))
    honest = connection.execute("select row_hash from privacy.ledger_heads").fetchone()
    tamper(
        connection,
        """
        create temporary table kept as select * from privacy.ledger_heads;
        delete from privacy.consent_events;
        delete from privacy.ledger_heads;
        """,
    )
    put(connection, *(event | {"purpose": "marketing_profiling"} for event in some_events(5)))
    assert first_break(connection) is None
    tamper(
        connection,
        "delete from privacy.ledger_heads; insert into privacy.ledger_heads select * from pg_temp.kept",
    )
    assert connection.execute("select row_hash from privacy.ledger_heads").fetchone() == honest
    assert first_break(connection) == 4


def tamper(connection: psycopg.Connection, statement: str) -> None:
    """Write what the triggers refuse, as somebody could who owns the server."""
    connection.execute("set session_replication_role = replica")
    connection.execute(statement)
    connection.execute("set session_replication_role = origin")
    connection.commit()


def test_the_same_again_is_ignored(connection: psycopg.Connection) -> None:
    first = put(connection, GRANT)
    again = put(connection, GRANT, GRANT | {"recorded_at": "2026-03-01T10:00:00Z"})
    assert (first.appended, first.known) == (1, 0)
    assert (again.appended, again.known) == (0, 2)
    assert first_break(connection) is None


def test_an_earlier_recording_that_arrives_later_counts(connection: psycopg.Connection) -> None:
    put(connection, GRANT | {"recorded_at": "2026-03-01T10:00:00Z"})
    counts = put(connection, GRANT)
    assert counts.appended == 1
    [(_, _, _, _, known_from, _)] = resolved(connection)
    assert known_from.isoformat() == "2026-03-01T09:00:00+00:00"


def test_no_order_of_arrival_changes_what_it_says(database: Any, make_database: Any) -> None:
    """Conflicting and repeated deliveries, annulments, in all orders and any grouping into appends."""
    from cercle import db

    of_the_grant = {"reference_source_system": "web", "reference_source_event_id": "A1"}
    events = [
        GRANT,
        GRANT | {"recorded_at": "2026-03-01T10:00:00Z"},
        GRANT | {"occurred_at": "2026-02-01T09:00:00Z", "recorded_at": "2026-03-01T11:00:00Z"},
        GRANT | {"type": "consent_withdrawn", "purpose": None, "recorded_at": "2026-03-03T09:00:00Z"},
        GRANT
        | {
            "source_event_id": "X",
            "type": "annulment",
            "recorded_at": "2026-03-05T09:00:00Z",
            **of_the_grant,
        },
    ]
    orders = random.Random(7).sample(list(itertools.permutations(events)), 6)
    answers = []
    for order in orders:
        settings = make_database()
        with db.connect(settings) as connection:
            put(connection, *order[:2])
            for event in order[2:]:
                put(connection, event)
            answers.append(resolved(connection))
    assert all(answer == answers[0] for answer in answers[1:])
    assert len(answers[0]) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "consent_guessed"}, "unknown_type"),
        ({"channel": "pigeon_post"}, "unknown_channel"),
        ({"purpose": "guessing"}, "unknown_purpose"),
        ({"purpose": None, "purposes": '["direct_marketing", "guessing"]'}, "unknown_purpose"),
        ({"actor": "nobody"}, "unknown_actor"),
        ({"scope": "planet"}, "unknown_scope"),
        ({"contact_point_kind": "fax"}, "unknown_contact_point_kind"),
        ({"occurred_at": None}, "no_date"),
        ({"occurred_at": "2026-03-01T09:05:01Z"}, "date_in_the_future"),
        ({"occurred_at": "2026-03-01T09:05:00Z"}, None),
        ({"type": "objection", "occurred_at": None}, None),
        ({"type": "consent_withdrawn", "occurred_at": "2027-01-01T00:00:00Z"}, None),
    ],
)
def test_quarantine(connection: psycopg.Connection, change: dict[str, Any], reason: str | None) -> None:
    counts = put(connection, GRANT | change)
    assert counts.quarantined == (0 if reason is None else 1)
    row = connection.execute(
        "select is_quarantined, quarantine_reason from privacy.consent_events"
    ).fetchone()
    assert row == (reason is not None, reason)


def test_ledgers_are_chains_of_their_own(connection: psycopg.Connection) -> None:
    put(connection, *some_events(4), *(event | {"ledger": "other"} for event in some_events(3)))
    assert (first_break(connection), first_break(connection, "other")) == (None, None)
    tamper(connection, "update privacy.consent_events set type = 'x' where ledger = 'other' and position = 2")
    assert (first_break(connection), first_break(connection, "other")) == (None, 2)


def test_the_command_tells_a_break(database: Any, connection: psycopg.Connection, cli: Any) -> None:
    put(connection, *some_events(3))
    assert cli("privacy", "verify-chain", settings=database).exit_code == 0
    tamper(connection, "update privacy.consent_events set channel = 'sms' where position = 1")
    answer = cli("privacy", "verify-chain", "--json", settings=database)
    assert answer.exit_code == 1
    assert answer.json == {"ledger": "main", "row_count": 3, "first_break": 1}
