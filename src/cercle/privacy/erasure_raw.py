"""Erasure in raw and ops: rows found by record, by own identifiers, and invoice lines by their invoice.

What is left is what a load of the same files would leave with the person's tombstones in place: each erased row
passes from `stored` to `suppressed`, so that counts and sums still add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.rules import identifier, literal
from cercle.load.statements import row_hash
from cercle.load.suppress import REFERENCES, identifier_columns, order_handle, record_key
from cercle.load.values import typed_columns
from cercle.privacy.erasure_person import Person
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.privacy.staged_records import add_staged_records, find_staged_rows

__all__ = [
    "REASON",
    "RawCount",
    "clear_raw_references",
    "delete_rows",
    "find_rows",
    "forget_values",
    "found_rows",
    "take_originals",
]

REASON = "Erased at the person's request."
_VALUE_TYPES = {"email": "email", "tel": "phone", "social": "account_ref"}


@dataclass(frozen=True)
class RawCount:
    """Rows of the person in a raw table, before and after."""

    relation: str
    before: int
    after: int


def find_rows(
    connection: psycopg.Connection, entities: Sequence[Entity], person: Person, keys: Sequence[PseudonymKey]
) -> None:
    """Find the person's rows in all raw tables; they are left in pg_temp.erased_rows.

    Loads of these tables wait from here on until the transaction ends. Records that are found by an identifier alone,
    because no build has linked them yet, are added to erased_records.

    Args:
        connection: in the erasure's transaction, with erased_records and staged_views.
        entities: that have a raw table.
        person: with own identifiers.
        keys: all versions of the secret.
    """
    connection.execute(
        "create temporary table erased_rows (relation text, place tid, load_id bigint, line bigint, record_key text, "
        "order_key text) on commit drop"
    )
    _keep_spellings(connection, person, keys)
    for entity in sorted(entities, key=lambda entity: entity.raw_relation):
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"cercle:load:{entity.raw_relation}",)
        )
    for entity in entities:
        if order_handle(entity) is None:
            connection.execute(_FIND.format(**_parts(entity), condition=_is_persons(entity)).encode())
    find_staged_rows(connection)
    connection.execute(
        "insert into erased_records select distinct record_key from erased_rows where record_key is not null "
        "on conflict do nothing"
    )
    for entity in entities:
        if order_handle(entity) is not None:
            connection.execute(_FIND.format(**_parts(entity), condition=_is_persons(entity)).encode())
    add_staged_records(connection)
    connection.execute("create index on erased_rows (relation)")
    connection.execute("analyze erased_rows")
    _refuse_unknown_records(connection)


def _refuse_unknown_records(connection: psycopg.Connection) -> None:
    """A record that no raw table has under its key would be left somewhere."""
    rows = connection.execute(
        """
        select distinct split_part(record_key, ':', 1)
        from erased_records
        where record_key not in (select record_key from erased_rows where record_key is not null)
            and record_key not in (select order_key from erased_rows where order_key is not null)
            and record_key not in (select record_key from staged_records)
        order by 1
        """
    ).fetchall()
    if rows:
        raise CercleError(
            f"Records of the person are in no raw table under their key: {', '.join(row[0] for row in rows)}",
            remedy="Let staging write record_key as entity:source:key, with the contract's key, or keep the row's "
            "_row_id in a plugin's models; then erase again",
        )


_FIND = """
insert into erased_rows (relation, place, load_id, line, record_key, order_key)
select {relation}, rows.ctid, rows._load_id, rows._line, {key}, {order_key}
from {table} as rows
where {condition}
"""


def _parts(entity: Entity) -> dict[str, str]:
    key = record_key(entity, "rows")
    return {
        "relation": literal(entity.raw_relation),
        "table": identifier("raw", entity.relation),
        "key": key or "null",
        "order_key": _order_key(entity),
    }


def _order_key(entity: Entity) -> str:
    """SQL: the record key of the order that a row is about, null where it is about none."""
    column = next((column.name for column in entity.columns if column.semantic_type == "order_id"), None)
    return "null" if column is None else f"('orders:' || rows._source || ':' || rows.{identifier(column)})"


def _is_persons(entity: Entity) -> str:
    """SQL: the row is the person's, by its record, by an own identifier, or by the order that it is a line of."""
    if order_handle(entity) is not None:
        return f"{_order_key(entity)} in (select record_key from erased_records)"
    conditions = []
    key = record_key(entity, "rows")
    if key is not None:
        conditions.append(f"{key} in (select record_key from erased_records)")
    for kind, value in identifier_columns(entity):
        if kind == IDENTITY_KIND:
            conditions.append(f"{value} in (select value from erased_references)")
        else:
            conditions.append(f"md5({value})::uuid in (select original_hash from erased_spellings)")
    return " or ".join(f"({condition})" for condition in conditions) or "false"


def _keep_spellings(connection: psycopg.Connection, person: Person, keys: Sequence[PseudonymKey]) -> None:
    """Every spelling under which an own contact point was ever loaded, by its hash."""
    connection.execute(
        "create temporary table erased_spellings (original_hash uuid primary key) on commit drop"
    )
    connection.execute("create temporary table erased_references (value text primary key) on commit drop")
    connection.execute("insert into erased_references select unnest(%s::text[])", (person.values("ref"),))
    pseudonyms = [
        key.of(kind, value) for kind in _VALUE_TYPES for value in person.values(kind) for key in keys
    ]
    connection.execute(
        """
        insert into erased_spellings
        select distinct original_hash
        from ops.normalised_values
        where value_key = any(%s)
        """,
        (pseudonyms,),
    )


def take_originals(
    connection: psycopg.Connection, entities: Iterable[Entity]
) -> tuple[list[tuple[str, str]], int]:
    """Remember what the found rows say: erased_originals has each typed value once.

    Args:
        connection: with erased_rows.
        entities: that have a raw table.

    Returns:
        Kind and spelling of every identifier in these rows, for tombstones; and how many distinct typed values.
    """
    connection.execute(
        "create temporary table erased_originals (value_type text, original text, primary key (value_type, original)) "
        "on commit drop"
    )
    spellings: set[tuple[str, str]] = set()
    for entity in entities:
        rows = found_rows(entity)
        for value_type, names in typed_columns(entity).items():
            for name in names:
                connection.execute(
                    f"insert into erased_originals select distinct {literal(value_type)}, rows.{identifier(name)} "
                    f"from {rows} and rows.{identifier(name)} is not null on conflict do nothing".encode()
                )
        for kind, value in identifier_columns(entity):
            found = connection.execute(
                f"select distinct {value} from {rows} and {value} is not null".encode()
            ).fetchall()
            spellings |= {(kind, row[0]) for row in found}
    count = connection.execute("select count(*) from erased_originals").fetchone()
    return sorted(spellings), int(count[0]) if count else 0


def found_rows(entity: Entity) -> str:
    """Return SQL of the found rows of an entity, as `rows`; a condition may follow with `and`."""
    table = identifier("raw", entity.relation)
    places = f"array(select place from erased_rows where relation = {literal(entity.raw_relation)})"
    return f"{table} as rows where rows.ctid = any({places})"


def delete_rows(connection: psycopg.Connection, entities: Iterable[Entity]) -> list[RawCount]:
    """Delete the found rows, and count each of them as suppressed in its load, sums with it.

    Returns:
        One element per raw table that held the person.

    Raises:
        CercleError: a table still holds a row that was to go.
    """
    counts = []
    for entity in entities:
        relation = entity.raw_relation
        row = connection.execute(
            "select count(*) from erased_rows where relation = %s", (relation,)
        ).fetchone()
        before = int(row[0]) if row else 0
        if before == 0:
            continue
        _count_as_suppressed(connection, entity)
        connection.execute(
            f"delete from ops.row_sightings as sightings using {identifier('raw', entity.relation)} as rows "
            f"where sightings.raw_relation = {literal(relation)} and sightings.row_id = rows._row_id "
            f"and rows.ctid = any(array(select place from erased_rows where relation = {literal(relation)}))".encode()
        )
        deleted = connection.execute(f"delete from {found_rows(entity)}".encode()).rowcount
        left = connection.execute(
            f"select count(*) from {identifier('raw', entity.relation)} as rows where {_is_persons(entity)}".encode()
        ).fetchone()
        after = int(left[0]) if left else 0
        if deleted != before or after:
            raise CercleError(
                f"{before} rows were to be deleted, {deleted} were, and {after} are left; nothing was changed",
                where=relation,
                remedy="This is a defect of cercle; please report it",
            )
        counts.append(RawCount(relation, before, after))
    connection.execute(
        f"insert into ops.suppressed_rows (load_id, line, reason) "
        f"select load_id, line, {literal(REASON)} from erased_rows on conflict do nothing".encode()
    )
    return counts


def clear_raw_references(connection: psycopg.Connection, entities: Iterable[Entity]) -> list[RawCount]:
    """Clear what rows of others say of the person: a customer number as who referred them, an account answered.

    The row's hash is made anew, so that the same row of an old file is still known.

    Args:
        connection: with erased_identifiers, after `delete_rows`.
        entities: that have a raw table.
    """
    counts = []
    for entity in entities:
        for column in entity.columns:
            kind = REFERENCES.get(column.semantic_type or "")
            if kind is None:
                continue
            name = identifier(column.name)
            value = f"_source || ':' || {name}" if kind == IDENTITY_KIND else name
            rest = [other for other in entity.columns if other.name != column.name]
            changed = connection.execute(
                f"update {identifier('raw', entity.relation)} set {name} = null, _row_hash = {row_hash(rest)} "
                f"where {value} in (select value from erased_identifiers)".encode()
            ).rowcount
            if changed:
                counts.append(RawCount(entity.raw_relation, changed, 0))
    return counts


def _count_as_suppressed(connection: psycopg.Connection, entity: Entity) -> None:
    """Move the found rows of a table from stored to suppressed in ops.loads."""
    amounts = ", ".join(
        f"{literal(column.name)}, coalesce(sum(rows.{identifier(column.name)}), 0)"
        for column in entity.money_columns
    )
    connection.execute(
        f"""
        with moved as (
            select rows._load_id as load_id, count(*) as row_count, jsonb_build_object({amounts}) as sums
            from {found_rows(entity)}
            group by rows._load_id
        ),

        sums as (
            select
                moved.load_id,
                jsonb_object_agg(
                    entry.key,
                    entry.value || jsonb_build_object(
                        'stored',
                        trim_scale((entry.value ->> 'stored')::numeric - (moved.sums ->> entry.key)::numeric)::text,
                        'suppressed',
                        trim_scale((entry.value ->> 'suppressed')::numeric + (moved.sums ->> entry.key)::numeric)::text
                    )
                ) as sums
            from moved
            inner join ops.loads on moved.load_id = loads.load_id
            cross join lateral jsonb_each(loads.sums) as entry
            where moved.sums ? entry.key
            group by moved.load_id
        )

        update ops.loads
        set
            stored_count = loads.stored_count - moved.row_count,
            suppressed_count = loads.suppressed_count + moved.row_count,
            sums = loads.sums || coalesce(sums.sums, '{{}}')
        from moved
        left join sums on moved.load_id = sums.load_id
        where loads.load_id = moved.load_id
        """.encode()
    )


def forget_values(
    connection: psycopg.Connection, entities: Iterable[Entity], person: Person, keys: Sequence[PseudonymKey]
) -> int:
    """Delete the person's rows of ops.normalised_values, after those of raw; return how many.

    Own contact points go in every spelling. Names and towns go when no other row of raw has them.
    """
    connection.execute("analyze erased_originals")
    for entity in entities:
        said = ", ".join(
            f"({literal(value_type)}, rows.{identifier(name)})"
            for value_type, names in typed_columns(entity).items()
            for name in names
        )
        if not said:
            continue
        connection.execute(
            f"""
            delete from erased_originals as gone
            using (
                select distinct said.value_type, said.original
                from {identifier("raw", entity.relation)} as rows
                cross join lateral (values {said}) as said (value_type, original)
                inner join erased_originals as asked
                    on said.value_type = asked.value_type and said.original = asked.original
            ) as still
            where gone.value_type = still.value_type and gone.original = still.original
            """.encode()
        )
    own = [key.of(held.kind, held.value) for held in person.own for key in keys]
    return (
        connection.execute("delete from ops.normalised_values where value_key = any(%s)", (own,)).rowcount
        + connection.execute(
            """
            delete from ops.normalised_values as known
            using erased_originals as gone
            where known.original_hash = md5(gone.original)::uuid
                and (
                    known.value_type = gone.value_type
                    or (gone.value_type = 'contact_point' and known.value_type = 'contact_point_unread')
                )
            """
        ).rowcount
    )
