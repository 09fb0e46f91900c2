"""What the ledger takes in from raw: consent events, complaints and bounces of e-mails, notices and requests.

Clear values stay in raw. Pseudonyms come from ops.normalised_values, where the loader keyed every contact point; what
it could not read, and the identities of source systems, are keyed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from cercle import db
from cercle.load.normalise import normalise
from cercle.privacy import intake_sql, notices_sql
from cercle.privacy.clock import due_date, keep_holidays
from cercle.privacy.decisions import PLANNER
from cercle.privacy.fed_events import make_fed_views
from cercle.privacy.ledger import PENDING, append, make_pending
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, fallback_form, split_contact_point
from cercle.privacy.rotation import adopt_old_names
from cercle.settings import Settings

__all__ = ["IntakeCounts", "append_admitted", "take_in"]

_HOLIDAY_YEARS = range(2000, 2051)
# A source identity, and a contact point that its normaliser could not read, under their pseudonyms.
IDENTITY_TYPE = "source_identity"
UNREAD_TYPE = "contact_point_unread"
# Places in the rows of notices_sql.REQUESTS.
_RECEIVED_AT, _IS_EXTENDED = 5, 6
_LIBRARY = "cercle 1"
_POINT_COLUMNS = ("contact_point", "from_contact_point", "to_contact_point")


@dataclass(frozen=True)
class IntakeCounts:
    """What one intake did; numbers only.

    Attributes:
        events: consent events appended.
        known: redeliveries of the same content.
        quarantined: appended events that will never allow.
        notices: descriptions of notices that were new.
        requests: requests that were new or changed.
    """

    events: int
    known: int
    quarantined: int
    notices: int
    requests: int


def append_admitted(connection: psycopg.Connection, settings: Settings | None = None) -> int:
    """Take into the ledger what the admitted loads bring; waits for the lock `ledger`.

    Running it again changes nothing: what was taken in is known by load and by content.

    Args:
        connection: without an open transaction.
        settings: where the secret of pseudonyms is; by default from the environment.

    Returns:
        How many consent events were appended.
    """
    return take_in(connection, settings or Settings.from_env()).events


def take_in(connection: psycopg.Connection, settings: Settings) -> IntakeCounts:
    """As `append_admitted`, with all counts."""
    keys = PseudonymKey.every(settings)
    key = keys[-1]
    with db.advisory_lock(connection, "ledger"):
        connection.execute(intake_sql.ADMITTED)
        adopt_old_names(connection, keys)
        _keep_holidays_once(connection)
        events = _take_in_events(connection, key, make_fed_views(connection, settings))
        notices = _count(connection, notices_sql.NOTICES) if _exists(connection, "privacy__notices") else 0
        requests = _take_in_requests(connection, key) if _exists(connection, "privacy__requests") else 0
        return IntakeCounts(*events, notices, requests)


def _take_in_events(
    connection: psycopg.Connection, key: PseudonymKey, fed_inputs: list[str]
) -> tuple[int, int, int]:
    pending = make_pending(connection)
    columns = sql.SQL(", ").join(map(sql.Identifier, PENDING))
    connection.execute(intake_sql.NEW_LOADS)
    if _count(connection, "select count(*) from pg_temp.new_consent_loads") == 0:
        return 0, 0, 0
    # The pairs that this load keys are not in the statistics yet. With them guessed as none, 30,000 identities of
    # 100,000 customers were compared one by one for over five minutes.
    connection.execute(PLANNER)
    for input_name in fed_inputs:
        if input_name == "consent_events":
            _key_identities(connection, key, intake_sql.UNKEYED_IDENTITIES)
            _key_points(connection, key)
        else:
            _key_identities(connection, key, intake_sql.UNKEYED_CAMPAIGN_IDENTITIES)
        query = sql.SQL(intake_sql.FEEDS[input_name])
        connection.execute(sql.SQL("insert into {} ({}) {}").format(pending, columns, query))
    connection.execute(sql.SQL("analyze {}").format(pending))
    # Few new events among many known ones are looked up by index.
    connection.execute("set local enable_nestloop = on")
    counts = append(connection, pending, admitted=sql.SQL("pg_temp.admitted_consent_loads"))
    _register_pseudonyms(connection, pending, key)
    connection.execute(sql.SQL(intake_sql.LOADS_TAKEN_IN).format(pending=pending))
    # The models read the ledger at once. Without statistics the planner takes nested loops over all of its events:
    # 21,880 of them took over eight minutes, and two seconds with.
    connection.execute("analyze privacy.consent_events, privacy.contact_points")
    return counts.appended, counts.known, counts.quarantined


def _key_identities(connection: psycopg.Connection, key: PseudonymKey, unkeyed: LiteralString) -> None:
    """Key the identities of source systems that were never keyed."""
    _key_values(
        connection,
        key,
        unkeyed,
        lambda system, reference: (
            IDENTITY_TYPE,
            system,
            reference,
            f"{system}:{reference}",
            key.of(IDENTITY_KIND, f"{system}:{reference}"),
            _LIBRARY,
        ),
    )


def _key_points(connection: psycopg.Connection, key: PseudonymKey) -> None:
    """Key contact points that have no pseudonym: those that a plugin's staging wrote, and those that cannot be read.

    The latter get it under their plain text: a refusal still binds the same text.
    """

    def keyed(_: str, text: str) -> tuple[str, str, str, str, str, str]:
        found = normalise("contact_point", text)
        if found.value is not None and found.kind and found.key_text:
            return (
                "contact_point",
                "",
                text,
                found.value,
                key.of(found.kind, found.key_text),
                found.library_version,
            )
        kind, value = split_contact_point(text)
        plain = fallback_form(value)
        return UNREAD_TYPE, "", text, plain, key.of(kind, plain), _LIBRARY

    for column in _POINT_COLUMNS:
        _key_values(
            connection,
            key,
            sql.SQL(intake_sql.UNKEYED_POINTS).format(column=sql.Identifier(column)),
            keyed,
        )


def _key_values(
    connection: psycopg.Connection,
    key: PseudonymKey,
    unkeyed: Any,
    keyed: Callable[[str, str], tuple[str, str, str, str, str, str]],
) -> None:
    """Key the pairs that a query finds; values go through COPY, the secret nowhere."""
    rows = connection.execute(unkeyed).fetchall()
    if not rows:
        return
    connection.execute("drop table if exists pg_temp.newly_keyed")
    connection.execute(
        """
        create temporary table newly_keyed (
            value_type text, region text, original text, normalised text, value_key text, library_version text
        )
        on commit drop
        """
    )
    with connection.cursor() as cursor, cursor.copy("copy pg_temp.newly_keyed from stdin") as copy:
        for first, second in rows:
            copy.write_row(keyed(first, second))
    connection.execute(
        """
        insert into ops.normalised_values (
            value_type, region, original_hash, normalised, value_key, key_version, library_version
        )
        select distinct on (1, 2, 3)
            value_type, region, md5(original)::uuid, normalised, value_key, %s, library_version
        from pg_temp.newly_keyed
        on conflict do nothing
        """,
        (key.version,),
    )


def _register_pseudonyms(connection: psycopg.Connection, pending: sql.Identifier, key: PseudonymKey) -> None:
    for statement in (intake_sql.REGISTER_POINTS, intake_sql.REGISTER_IDENTITIES):
        connection.execute(sql.SQL(statement).format(pending=pending), {"version": key.version})


def _take_in_requests(connection: psycopg.Connection, key: PseudonymKey) -> int:
    """Keep the requests of persons with their due dates, without the clear values that came with them."""
    _key_identities(connection, key, notices_sql.UNKEYED_REQUESTERS)
    rows = connection.execute(notices_sql.REQUESTS).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(
            notices_sql.KEEP_REQUEST,
            [(*row, due_date(row[_RECEIVED_AT], row[_IS_EXTENDED])) for row in rows],
        )
    return len(rows)


def _keep_holidays_once(connection: psycopg.Connection) -> None:
    known = connection.execute(
        "select count(*) from privacy.public_holidays where ledger = 'main'"
    ).fetchone()
    if known is not None and known[0] == 0:
        keep_holidays(connection, _HOLIDAY_YEARS)


def _exists(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (f"raw.{name}",)).fetchone()
    return bool(row and row[0])


def _count(connection: psycopg.Connection, statement: LiteralString) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
