"""Erasure in what dbt and publication made: rows by whose they are, tables that every build makes anew at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from cercle.errors import CercleError
from cercle.load.rules import identifier
from cercle.privacy.erasure_catalog import Target

__all__ = ["RelationCount", "clear_references", "delete_targets", "empty_tables"]

_KEYS = {
    "customer": "select customer_id from erased_customers",
    "identity": "select customer_id from erased_customers union all select value from erased_identifiers",
    "record": "select record_key from erased_records",
    "order": "select substr(record_key, 8) from erased_records where record_key like 'orders:%'",
}


@dataclass(frozen=True)
class RelationCount:
    """What an erasure did in a relation.

    Attributes:
        action: as in privacy.erasure_relations.
        before: rows that held the person (of an emptied table: all rows).
        after: rows that still do, counted again.
    """

    relation: str
    action: str
    before: int
    after: int


def delete_targets(connection: psycopg.Connection, targets: Sequence[Target]) -> list[RelationCount]:
    """Delete the person's rows of each table, by customer, record or order.

    Args:
        connection: with erased_customers and erased_records.
        targets: of the catalogue.

    Raises:
        CercleError: rows are left.
    """
    counts = []
    for target in targets:
        table = identifier(*target.relation.split(".", 1))
        condition = " or ".join(
            f"{identifier(name)} in ({_KEYS[kind]})" for name, kind in sorted(target.handles.items())
        )
        deleted = connection.execute(f"delete from {table} where {condition}".encode()).rowcount
        after = _count(connection, f"select count(*) from {table} where {condition}")
        if after:
            raise CercleError(f"{after} rows of the person are left", where=target.relation)
        if deleted:
            counts.append(RelationCount(target.relation, "deleted", deleted, 0))
    return counts


def empty_tables(connection: psycopg.Connection, relations: Sequence[str]) -> list[RelationCount]:
    """Truncate the tables that every build makes anew; their files are gone at commit, dead copies and all."""
    counts = []
    for relation in relations:
        table = identifier(*relation.split(".", 1))
        before = _count(connection, f"select count(*) from {table}")
        if before:
            counts.append(RelationCount(relation, "emptied", before, 0))
    if counts:
        tables = ", ".join(identifier(*count.relation.split(".", 1)) for count in counts)
        connection.execute(f"truncate {tables}".encode())
    return counts


def clear_references(connection: psycopg.Connection, schema: str = "marts") -> list[RelationCount]:
    """Clear what rows of others refer to and is gone: an answer in a conversation that the person had opened, say.

    A reference that may be null becomes null until the next build; a row that cannot be without it goes.

    Args:
        connection: after `delete_targets`.
        schema: whose foreign keys are followed, until nothing refers to a row that is gone.
    """
    keys = connection.execute(
        """
        select
            pg_class.relname,
            referenced.relname,
            array(
                select pg_attribute.attname
                from unnest(pg_constraint.conkey) with ordinality as part (number, place)
                inner join pg_attribute
                    on pg_attribute.attrelid = pg_constraint.conrelid and pg_attribute.attnum = part.number
                order by part.place
            ),
            array(
                select pg_attribute.attname
                from unnest(pg_constraint.confkey) with ordinality as part (number, place)
                inner join pg_attribute
                    on pg_attribute.attrelid = pg_constraint.confrelid and pg_attribute.attnum = part.number
                order by part.place
            ),
            not exists (
                select
                from pg_attribute
                where pg_attribute.attrelid = pg_constraint.conrelid
                    and pg_attribute.attnum = any(pg_constraint.conkey)
                    and pg_attribute.attnotnull
            )
        from pg_constraint
        inner join pg_class on pg_constraint.conrelid = pg_class.oid
        inner join pg_class as referenced on pg_constraint.confrelid = referenced.oid
        where pg_constraint.contype = 'f' and pg_constraint.connamespace = to_regnamespace(%s)
        order by pg_constraint.conname
        """,
        (schema,),
    ).fetchall()
    cleared: dict[tuple[str, str], int] = {}
    has_changed = True
    while has_changed:
        has_changed = False
        for name, referenced, columns, to_columns, can_be_null in keys:
            table, other = identifier(schema, name), identifier(schema, referenced)
            match = " and ".join(
                f"other.{identifier(to)} = own.{identifier(column)}"
                for column, to in zip(columns, to_columns, strict=True)
            )
            filled = " and ".join(f"own.{identifier(column)} is not null" for column in columns)
            dangling = f"{filled} and not exists (select from {other} as other where {match})"
            if can_be_null:
                nulls = ", ".join(f"{identifier(column)} = null" for column in columns)
                statement = f"update {table} as own set {nulls} where {dangling}"
            else:
                statement = f"delete from {table} as own where {dangling}"
            changed = connection.execute(statement.encode()).rowcount
            if changed:
                place = (f"{schema}.{name}", "cleared" if can_be_null else "deleted")
                cleared[place] = cleared.get(place, 0) + changed
                has_changed = has_changed or not can_be_null
    return [
        RelationCount(relation, action, count, 0) for (relation, action), count in sorted(cleared.items())
    ]


def _count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
