"""Erasure in what migrations made: identity, rejected rows, tombstones, and the event in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import psycopg

from cercle.errors import CercleError
from cercle.load.normalise import normalise
from cercle.load.suppress import RECORD_KIND, WORD, payload_mentions
from cercle.privacy.erasure_derived import RelationCount
from cercle.privacy.erasure_person import Person
from cercle.privacy.erasure_raw import REASON
from cercle.privacy.own_events import OwnEvent, append_own_events, ledger_identities
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, split_contact_point
from cercle.privacy.tombstones import TombstoneIndex, spelling_forms

__all__ = ["append_to_ledger", "bury", "delete_identity", "delete_rejected"]

_LOYALTY = "loyalty:"
_TYPE_OF_KIND = {"email": "email", "tel": "phone", "social": "account_ref"}
_AT_ONCE = 2_000


def delete_identity(connection: psycopg.Connection) -> list[RelationCount]:
    """Delete the person from identity: members, ids, redirects, changes, and stewards' decisions on the records.

    A conversation or household that others are in keeps its id; that it was once named after a record of the person
    is forgotten.

    Args:
        connection: with erased_customers, erased_records and erased_identifiers.

    Raises:
        CercleError: members are left.
    """
    connection.execute(
        "create temporary table erased_ids (kind text, id text, primary key (kind, id)) on commit drop"
    )
    connection.execute("insert into erased_ids select 'customer', customer_id from erased_customers")
    members = connection.execute(
        f"""
        with gone as (
            delete from identity.members
            where member_key in ({_RECORDS})
                or (kind = 'customer' and id in (select customer_id from erased_customers))
            returning kind, id
        ),

        named as (
            insert into erased_ids select distinct kind, id from gone on conflict do nothing
        )

        select count(*) from gone
        """.encode()
    ).fetchone()
    # What others are still in lives on.
    connection.execute(
        """
        delete from erased_ids
        where exists (
            select
            from identity.members
            where members.kind = erased_ids.kind and members.id = erased_ids.id
        )
        """
    )
    counts = [RelationCount("identity.members", "deleted", int(members[0]) if members else 0, 0)]
    for relation, action, statement in _IDENTITY:
        changed = connection.execute(statement.encode()).rowcount
        counts.append(RelationCount(f"identity.{relation}", action, changed, 0))
    left = connection.execute(
        f"select count(*) from identity.members where member_key in ({_RECORDS})".encode()
    ).fetchone()
    if left and left[0]:
        raise CercleError(f"{left[0]} rows of the person are left", where="identity.members")
    return [count for count in counts if count.before]


_RECORDS = "select record_key from erased_records"
_GONE = "exists (select from erased_ids where erased_ids.kind = {0}.kind and erased_ids.id = {0}.{1})"
_IDENTITY = (
    (
        "redirects",
        "deleted",
        "delete from identity.redirects where "
        f"{_GONE.format('redirects', 'retired_id')} or {_GONE.format('redirects', 'successor_id')}",
    ),
    ("changes", "deleted", f"delete from identity.changes where {_GONE.format('changes', 'id')}"),
    (
        "changes",
        "cleared",
        f"update identity.changes set other_id = null where {_GONE.format('changes', 'other_id')}",
    ),
    ("ids", "deleted", f"delete from identity.ids where {_GONE.format('ids', 'id')}"),
    (
        "ids",
        "cleared",
        f"update identity.ids set minted_from = 'erased:' || id where minted_from in ({_RECORDS})",
    ),
    (
        "overrides",
        "deleted",
        f"delete from identity.overrides where left_record in ({_RECORDS}) or right_record in ({_RECORDS}) "
        "or identifier_value in (select value from erased_identifiers)",
    ),
)


def bury(
    connection: psycopg.Connection,
    person: Person,
    spellings: Iterable[tuple[str, str]],
    key: PseudonymKey,
    erased_at: datetime,
    request_key: str | None,
) -> TombstoneIndex:
    """Make the person's tombstones: own identifiers in all spellings seen, records, customer numbers as words.

    Args:
        connection: with erased_records.
        person: with own identifiers.
        spellings: kind and text of what the erased rows said; what others share is left out.
        key: the newest version of the secret.
        erased_at: of the erasure.
        request_key: that asked for it.

    Returns:
        The same tombstones, for what must be searched now.
    """
    own = {(identifier.kind, identifier.value) for identifier in person.own}
    texts = set(own)
    for kind, text in spellings:
        this_kind, value = (kind, text) if kind else split_contact_point(text)
        if this_kind in _TYPE_OF_KIND:
            form = normalise(_TYPE_OF_KIND[this_kind], value, "FR").key_text
            if (this_kind, form) in own:
                texts.add((this_kind, value))
    texts |= {(RECORD_KIND, f"{WORD}{value.rpartition(':')[2]}") for value in person.values(IDENTITY_KIND)}
    records = connection.execute("select record_key from erased_records").fetchall()
    texts |= {(RECORD_KIND, row[0]) for row in records}
    keyed = sorted(
        {(kind, key.of(kind, form)) for kind, value in texts for form in spelling_forms(kind, value)}
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into privacy.tombstones (key_version, kind, value_key, erased_at, request_key)
            values (%s, %s, %s, %s, %s)
            on conflict do nothing
            """,
            [(key.version, kind, value_key, erased_at, request_key) for kind, value_key in keyed],
        )
    return TombstoneIndex([key], {(key.version, kind, value_key): erased_at for kind, value_key in keyed})


def delete_rejected(
    connection: psycopg.Connection, index: TombstoneIndex, region: str = "FR"
) -> RelationCount:
    """Delete rejected rows whose payload names the person, and count them as suppressed.

    Args:
        connection: in the erasure's transaction.
        index: the person's tombstones.
        region: country of telephone numbers without a country code.
    """
    found: list[int] = []
    with connection.cursor(name="cercle_rejected") as cursor:
        cursor.execute("select rejected_row_id, payload from ops.rejected_rows where payload is not null")
        while rows := cursor.fetchmany(_AT_ONCE):
            found += [row[0] for row in rows if payload_mentions(index, row[1], region)]
    connection.execute("create temporary table erased_rejects (rejected_row_id bigint) on commit drop")
    connection.execute("insert into erased_rejects select unnest(%s::bigint[])", (found,))
    connection.execute(
        """
        with gone as (
            delete from ops.rejected_rows
            where rejected_row_id in (select rejected_row_id from erased_rejects)
            returning load_id, line
        ),

        noted as (
            insert into ops.suppressed_rows (load_id, line, reason)
            select load_id, line, %s from gone
            on conflict do nothing
        ),

        listed as (
            insert into erased_files (load_id, certainty, row_count)
            select load_id, 'held', count(*) from gone group by load_id
            on conflict (load_id) do update set row_count = erased_files.row_count + excluded.row_count
        )

        update ops.loads
        set
            rejected_count = loads.rejected_count - moved.row_count,
            suppressed_count = loads.suppressed_count + moved.row_count
        from (select load_id, count(*) as row_count from gone group by load_id) as moved
        where loads.load_id = moved.load_id
        """,
        (REASON,),
    )
    return RelationCount("ops.rejected_rows", "deleted", len(found), 0)


def append_to_ledger(
    connection: psycopg.Connection,
    person: Person,
    keys: Sequence[PseudonymKey],
    erasure_id: int,
    erased_at: datetime,
) -> RelationCount:
    """Append `erasure_executed` for each source identity of the person: whatever is asked about it is denied.

    The person's stops stay in the ledger as pseudonyms and go on binding their contact points.

    Args:
        connection: the caller holds the lock `ledger`.
        person: whose customer numbers are source identities.
        keys: all versions of the secret, the newest last.
        erasure_id: of the erasure.
        erased_at: when.
    """
    references = [value for value in person.values(IDENTITY_KIND) if not value.startswith(_LOYALTY)]
    events = [
        OwnEvent(
            f"erasure:{erasure_id}:{place}",
            "erasure_executed",
            erased_at,
            "operator",
            identity_key=identity_key,
        )
        for place, identity_key in enumerate(ledger_identities(connection, references, keys))
    ]
    appended = append_own_events(connection, events)
    return RelationCount("privacy.consent_events", "appended", appended, appended)
