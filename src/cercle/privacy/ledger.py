"""The consent ledger: appending to it in one pass, and checking its hash chain.

What is appended comes as a relation `pending` with the columns of `PENDING`. The same SQL serves the real ledger
(schema privacy) and the scratch ledgers of `simulate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

__all__ = ["GENESIS", "PENDING", "AppendCounts", "append", "first_break", "make_pending"]

GENESIS = "0" * 64
_CLOCK_TOLERANCE = "5 minutes"

# What a source says of an event. The ledger has the same columns.
PENDING: dict[LiteralString, LiteralString] = {
    "ledger": "text",
    "source_name": "text",
    "source_system": "text",
    "source_event_id": "text",
    "event_id": "text",
    "identity_key": "text",
    "contact_point_key": "text",
    "contact_point_kind": "text",
    "channel": "text",
    "purpose": "text",
    "purposes": "jsonb",
    "controller": "text",
    "brand_id": "text",
    "type": "text",
    "scope": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "actor": "text",
    "method": "text",
    "notice_id": "text",
    "notice_version": "text",
    "is_explicit": "boolean",
    "is_double_opt_in": "boolean",
    "evidence_sha256": "text",
    "language": "text",
    "reference_event_id": "text",
    "reference_source_system": "text",
    "reference_source_event_id": "text",
    "from_contact_point_key": "text",
    "to_contact_point_key": "text",
    "other_contact_point_kinds": "text[]",
    "load_id": "bigint",
}
_NOT_IN_LEDGER = {"other_contact_point_kinds"}
_COLUMNS = [name for name in PENDING if name not in _NOT_IN_LEDGER]
# The event's own id is derived from the content, and may be given by hand; recording and delivery are not content.
_CONTENT = [
    name for name in _COLUMNS if name not in {"ledger", "event_id", "source_name", "recorded_at", "load_id"}
]
_HASHED = ["ledger", "position", "event_id", "source_name", "recorded_at", *_CONTENT]
_HASHED += ["is_quarantined", "quarantine_reason", "content_hash"]
_ORDER = ["recorded_at", "source_system", "source_event_id", "content_hash"]
_TIMES = {"occurred_at", "recorded_at"}


@dataclass(frozen=True)
class AppendCounts:
    """What one append did.

    Attributes:
        received: pending rows.
        appended: rows that the ledger has now and had not before.
        known: redeliveries of the same content.
        quarantined: appended rows that will never allow.
    """

    received: int
    appended: int
    known: int
    quarantined: int


def make_pending(connection: psycopg.Connection, name: str = "pending_consent_events") -> sql.Identifier:
    """Create an empty temporary relation with the columns of `PENDING`, and return its name."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in PENDING.items()
    )
    relation = sql.Identifier(name)
    connection.execute(sql.SQL("drop table if exists pg_temp.{}").format(relation))
    connection.execute(sql.SQL("create temporary table {} ({}) on commit drop").format(relation, columns))
    return relation


def append(
    connection: psycopg.Connection,
    pending: sql.Composable,
    schema: str = "privacy",
    admitted: sql.Composable | None = None,
) -> AppendCounts:
    """Append what the ledgers do not have yet, chained, in one pass.

    The caller holds the lock `ledger` and commits.

    Args:
        connection: inside a transaction.
        pending: a relation with the columns of `PENDING`.
        schema: where the ledger's tables are.
        admitted: a relation of load ids; rows of other loads do not count as known. None: all rows count.

    Returns:
        Counts, without any personal value.
    """
    counted = sql.Composed([sql.SQL("true")])
    if admitted is not None:
        counted = sql.SQL("(known.load_id is null or known.load_id in (select load_id from {}))").format(
            admitted
        )
    connection.execute("drop table if exists pg_temp.judged_consent_events")
    connection.execute(
        sql.SQL(_JUDGE).format(
            schema=sql.Identifier(schema),
            pending=pending,
            columns=_names("pending", _COLUMNS),
            named_columns=_names("first_deliveries", [name for name in _COLUMNS if name != "event_id"]),
            content=_row_text("pending", _CONTENT),
            counted=counted,
            tolerance=sql.Literal(_CLOCK_TOLERANCE),
        )
    )
    row = connection.execute(
        sql.SQL(_APPEND).format(
            schema=sql.Identifier(schema),
            columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
            hashed=_row_text("placed", _HASHED),
            genesis=sql.Literal(GENESIS),
            in_order=sql.SQL(", ").join(map(sql.Identifier, _ORDER)),
        )
    ).fetchone()
    received = connection.execute(sql.SQL("select count(*) from {}").format(pending)).fetchone()
    appended, quarantined = row or (0, 0)
    received_count = received[0] if received else 0
    return AppendCounts(received_count, appended, received_count - appended, quarantined)


def first_break(connection: psycopg.Connection, ledger: str = "main", schema: str = "privacy") -> int | None:
    """Return the place of the first row that breaks the hash chain, from 0; None where it is whole.

    A row breaks it that was changed, that follows a missing one, or whose hash is not the one kept outside of the
    table. A cut tail is a break at the place of the first missing row.
    """
    row = connection.execute(
        sql.SQL(_VERIFY).format(
            schema=sql.Identifier(schema),
            hashed=_row_text("events", _HASHED),
            genesis=sql.Literal(GENESIS),
            ledger=sql.Literal(ledger),
        )
    ).fetchone()
    return None if row is None else row[0]


def _names(relation: LiteralString, columns: list[LiteralString]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(relation, column) for column in columns)


def _row_text(relation: LiteralString, columns: list[LiteralString]) -> sql.Composed:
    """SQL for one unambiguous text of a row, the same in every session: times in microseconds since 1970."""
    parts: list[sql.Composable] = []
    for column in columns:
        name = sql.Identifier(relation, column)
        if column in _TIMES:
            parts.append(
                sql.SQL(
                    "case when isfinite({0}) then (extract(epoch from {0}) * 1000000)::bigint::text else {0}::text end"
                ).format(name)
            )
        else:
            parts.append(name)
    return sql.SQL("row({})::text").format(sql.SQL(", ").join(parts))


_JUDGE: LiteralString = """
create temporary table judged_consent_events on commit drop as
with

judged as (
    select
        {columns},
        case
            when types.type is null then 'unknown_type'
            when pending.channel is not null and channels.code is null then 'unknown_channel'
            when pending.purpose is not null and purposes.code is null then 'unknown_purpose'
            when pending.purposes is not null and exists (
                select 1
                from jsonb_array_elements_text(
                    case when jsonb_typeof(pending.purposes) = 'array' then pending.purposes else '[]' end
                ) as listed (purpose)
                where not exists (
                    select 1
                    from {schema}.vocabularies
                    where vocabulary = 'purpose' and code = listed.purpose
                )
            ) then 'unknown_purpose'
            when pending.actor is not null and actors.code is null then 'unknown_actor'
            when pending.scope is not null and scopes.code is null then 'unknown_scope'
            when pending.contact_point_kind is not null and kinds.code is null then 'unknown_contact_point_kind'
            when pending.other_contact_point_kinds is not null and exists (
                select 1
                from unnest(pending.other_contact_point_kinds) as other (kind)
                where not exists (
                    select 1
                    from {schema}.vocabularies
                    where vocabulary = 'contact_point_kind' and code = other.kind
                )
            ) then 'unknown_contact_point_kind'
            when types.bites_at_recording then null
            when pending.occurred_at is null then 'no_date'
            when pending.occurred_at > pending.recorded_at + {tolerance}::interval then 'date_in_the_future'
        end as quarantine_reason,
        encode(sha256(convert_to({content}, 'UTF8')), 'hex') as content_hash
    from {pending} as pending
    left join {schema}.event_types as types on pending.type = types.type
    left join {schema}.vocabularies as channels on channels.vocabulary = 'channel' and pending.channel = channels.code
    left join {schema}.vocabularies as purposes on purposes.vocabulary = 'purpose' and pending.purpose = purposes.code
    left join {schema}.vocabularies as actors on actors.vocabulary = 'actor' and pending.actor = actors.code
    left join {schema}.vocabularies as scopes on scopes.vocabulary = 'scope' and pending.scope = scopes.code
    left join {schema}.vocabularies as kinds
        on kinds.vocabulary = 'contact_point_kind' and pending.contact_point_kind = kinds.code
),

first_deliveries as (
    select distinct on (ledger, source_system, source_event_id, content_hash) *
    from judged
    order by ledger, source_system, source_event_id, content_hash, recorded_at, load_id, event_id collate "C"
)

select
    {named_columns},
    coalesce(
        first_deliveries.event_id,
        'e_' || left(
            encode(
                sha256(
                    convert_to(
                        concat_ws(
                            chr(31),
                            first_deliveries.source_system,
                            first_deliveries.source_event_id,
                            first_deliveries.content_hash
                        ),
                        'UTF8'
                    )
                ),
                'hex'
            ),
            24
        )
    ) as event_id,
    first_deliveries.quarantine_reason,
    first_deliveries.content_hash
from first_deliveries
where not exists (
    select 1
    from {schema}.consent_events as known
    where known.ledger = first_deliveries.ledger
        and known.source_system = first_deliveries.source_system
        and known.source_event_id = first_deliveries.source_event_id
        and known.content_hash = first_deliveries.content_hash
        and known.recorded_at <= first_deliveries.recorded_at
        and {counted}
)
"""

_APPEND: LiteralString = """
with

heads as (
    select distinct on (ledger)
        ledger,
        position,
        row_hash
    from {schema}.ledger_heads
    order by ledger, position desc
),

-- The same window three times over: the rows, which are wide, are sorted once.
placed as (
    select
        judged.*,
        judged.quarantine_reason is not null as is_quarantined,
        coalesce(heads.row_hash, {genesis}) as head_hash,
        coalesce(heads.position, -1) + row_number() over in_order as position
    from pg_temp.judged_consent_events as judged
    left join heads on judged.ledger = heads.ledger
    window in_order as (partition by judged.ledger order by {in_order})
),

chained as (
    select
        *,
        privacy.chain_hash(head_hash, {hashed}) over in_order as row_hash
    from placed
    window in_order as (partition by ledger order by {in_order})
),

appended as (
    insert into {schema}.consent_events (
        {columns}, position, is_quarantined, quarantine_reason, content_hash, previous_hash, row_hash
    )
    select
        {columns},
        position,
        is_quarantined,
        quarantine_reason,
        content_hash,
        lag(row_hash, 1, head_hash) over in_order as previous_hash,
        row_hash
    from chained
    window in_order as (partition by ledger order by {in_order})
    returning ledger, position, row_hash, is_quarantined
),

kept_outside as (
    insert into {schema}.ledger_heads (ledger, position, row_hash, appended_count)
    select distinct on (ledger)
        ledger,
        position,
        row_hash,
        count(*) over (partition by ledger) as appended_count
    from appended
    order by ledger, position desc
)

select
    count(*),
    count(*) filter (where is_quarantined)
from appended
"""

_VERIFY: LiteralString = """
with

placed as (
    select
        events.position,
        events.previous_hash,
        events.row_hash,
        row_number() over (order by events.position) - 1 as place,
        lag(events.row_hash, 1, {genesis}) over (order by events.position) as row_hash_before,
        {hashed} as content
    from {schema}.consent_events as events
    where events.ledger = {ledger}
),

breaks as (
    select place
    from placed
    where position <> place
        or previous_hash <> row_hash_before
        or row_hash <> encode(sha256(convert_to(previous_hash || content, 'UTF8')), 'hex')

    union all

    -- Hashes kept outside of the table that the table no longer has.
    select least(heads.position, (select count(*) from placed)) as place
    from {schema}.ledger_heads as heads
    where heads.ledger = {ledger}
        and not exists (
            select 1
            from placed
            where placed.position = heads.position and placed.row_hash = heads.row_hash
        )
)

select min(place)
from breaks
"""
