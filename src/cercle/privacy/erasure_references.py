"""Foreign keys of the marts in an erasure: what rows of others refer to and is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from cercle.load.rules import identifier

__all__ = ["ForeignKey", "Gone", "clear_references", "delete_noting", "foreign_keys"]

# Relation -> column that others refer to -> values that were deleted there.
Gone = dict[str, dict[str, set[str]]]


@dataclass(frozen=True)
class ForeignKey:
    """A reference between two marts over one column each.

    Attributes:
        can_be_null: the reference may be cleared; else its row goes.
    """

    relation: str
    column: str
    to: str
    to_column: str
    can_be_null: bool


def foreign_keys(connection: psycopg.Connection, schema: str = "marts") -> list[ForeignKey]:
    """Return the references between the tables of a schema.

    Those over several columns are left out; the constraint itself refuses the erasure where one would dangle.
    """
    rows = connection.execute(
        """
        select
            own.nspname || '.' || pg_class.relname,
            referring.attname,
            other.nspname || '.' || referenced.relname,
            referred.attname,
            not referring.attnotnull
        from pg_constraint
        inner join pg_class on pg_constraint.conrelid = pg_class.oid
        inner join pg_namespace as own on pg_class.relnamespace = own.oid
        inner join pg_class as referenced on pg_constraint.confrelid = referenced.oid
        inner join pg_namespace as other on referenced.relnamespace = other.oid
        inner join pg_attribute as referring
            on referring.attrelid = pg_constraint.conrelid and referring.attnum = pg_constraint.conkey[1]
        inner join pg_attribute as referred
            on referred.attrelid = pg_constraint.confrelid and referred.attnum = pg_constraint.confkey[1]
        where pg_constraint.contype = 'f'
            and own.nspname = %s
            and cardinality(pg_constraint.conkey) = 1
        order by pg_constraint.conname
        """,
        (schema,),
    ).fetchall()
    return [ForeignKey(*row) for row in rows]


def clear_references(
    connection: psycopg.Connection, keys: Sequence[ForeignKey], gone: Gone
) -> dict[tuple[str, str], int]:
    """Clear what rows of others refer to and is gone: an answer in a conversation that the person had opened, say.

    A reference that may be null becomes null until the next build; a row that cannot be without it goes, and what
    refers to that row in turn.

    Args:
        connection: after the person's rows were deleted.
        keys: of the schema.
        gone: what was deleted; grows.

    Returns:
        Relation and action (cleared, deleted) -> rows.
    """
    counts: dict[tuple[str, str], int] = {}
    has_grown = True
    while has_grown:
        has_grown = False
        for key in keys:
            values = sorted(gone.get(key.to, {}).get(key.to_column, set()))
            if not values:
                continue
            table, column = identifier(*key.relation.split(".", 1)), identifier(key.column)
            if key.can_be_null:
                action = "cleared"
                changed = connection.execute(
                    f"update {table} set {column} = null where {column} = any(%s)".encode(), (values,)
                ).rowcount
            else:
                action = "deleted"
                changed = delete_noting(
                    connection, keys, gone, key.relation, f"{column} = any(%(values)s)", {"values": values}
                )
                has_grown = has_grown or changed > 0
            if changed:
                counts[key.relation, action] = counts.get((key.relation, action), 0) + changed
    return counts


def delete_noting(
    connection: psycopg.Connection,
    keys: Sequence[ForeignKey],
    gone: Gone,
    relation: str,
    condition: str,
    values: dict[str, list[str]],
) -> int:
    """Delete rows, and note the values that others refer to; return how many rows.

    Args:
        connection: in the erasure's transaction.
        keys: of the schema.
        gone: where they are noted.
        relation: schema.table.
        condition: SQL over its columns.
        values: parameters of the condition.
    """
    table = identifier(*relation.split(".", 1))
    referred = sorted({key.to_column for key in keys if key.to == relation})
    returned = ", ".join(f"{identifier(name)}::text" for name in referred) or "null"
    rows = connection.execute(
        f"delete from {table} where {condition} returning {returned}".encode(), values
    ).fetchall()
    for place, name in enumerate(referred):
        gone.setdefault(relation, {}).setdefault(name, set()).update(row[place] for row in rows)
    return len(rows)
