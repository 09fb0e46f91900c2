"""What stands in the schema `marts` today, read from PostgreSQL's own catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.publish.shape import Column, Mart, mart_from_json

__all__ = ["Standing", "StandingColumn", "published_marts", "standing_relations", "with_canonical_types"]

MARTS = "marts"
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_ .,\"()\[\]]*")


@dataclass(frozen=True)
class StandingColumn:
    """A column as it stands."""

    data_type: str
    is_required: bool
    comment: str | None


@dataclass
class Standing:
    """A relation as it stands in `marts`.

    Attributes:
        kind: pg_class.relkind: r table, v view, m materialized view, …
        constraints: definition by name.
        indexes: names.
        dependents: views and the column of this relation that each needs, as `schema.view`.
    """

    relation: str
    kind: str
    comment: str | None
    columns: dict[str, StandingColumn] = field(default_factory=dict)
    constraints: dict[str, str] = field(default_factory=dict)
    indexes: set[str] = field(default_factory=set)
    dependents: dict[str, set[str]] = field(default_factory=dict)

    def views_on(self, column: str | None = None) -> list[str]:
        """Return the views that need a column, or any part of the relation."""
        wanted = self.dependents if column is None else {column: self.dependents.get(column, set())}
        return sorted({view for views in wanted.values() for view in views})


def published_marts(connection: psycopg.Connection) -> dict[str, Mart]:
    """Return the shapes that the last publication left, by relation."""
    rows = connection.execute("select relation, shape from ops.marts order by relation").fetchall()
    return {relation: mart_from_json(shape) for relation, shape in rows}


def standing_relations(connection: psycopg.Connection) -> dict[str, Standing]:
    """Return what stands in `marts`, by name: cercle's relations and anybody else's."""
    found = {
        name: Standing(name, kind, comment)
        for name, kind, comment in connection.execute(
            """
            select relname, relkind::text, obj_description(oid, 'pg_class')
            from pg_class
            where relnamespace = to_regnamespace(%s) and relkind in ('r', 'p', 'v', 'm', 'f')
            """,
            (MARTS,),
        )
    }
    for name, column, data_type, is_required, comment in connection.execute(
        """
        select
            pg_class.relname,
            pg_attribute.attname,
            format_type(pg_attribute.atttypid, pg_attribute.atttypmod),
            pg_attribute.attnotnull,
            col_description(pg_class.oid, pg_attribute.attnum)
        from pg_attribute
        inner join pg_class on pg_attribute.attrelid = pg_class.oid
        where pg_class.relnamespace = to_regnamespace(%s)
            and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
            and pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
        order by pg_class.relname, pg_attribute.attnum
        """,
        (MARTS,),
    ):
        found[name].columns[column] = StandingColumn(data_type, is_required, comment)
    for name, constraint, definition in connection.execute(
        """
        select pg_class.relname, pg_constraint.conname, pg_get_constraintdef(pg_constraint.oid)
        from pg_constraint
        inner join pg_class on pg_constraint.conrelid = pg_class.oid
        where pg_class.relnamespace = to_regnamespace(%s) and pg_constraint.contype in ('p', 'u', 'c', 'f')
        """,
        (MARTS,),
    ):
        found[name].constraints[constraint] = definition
    for name, index in connection.execute(
        """
        select tables.relname, indexes.relname
        from pg_index
        inner join pg_class as tables on pg_index.indrelid = tables.oid
        inner join pg_class as indexes on pg_index.indexrelid = indexes.oid
        where tables.relnamespace = to_regnamespace(%s) and tables.relkind in ('r', 'p', 'm')
        """,
        (MARTS,),
    ):
        found[name].indexes.add(index)
    _read_dependents(connection, found)
    return found


def _read_dependents(connection: psycopg.Connection, found: dict[str, Standing]) -> None:
    """Views depend on columns through their rule: pg_rewrite, from pg_depend."""
    for name, column, view in connection.execute(
        """
        select distinct
            pg_class.relname,
            coalesce(pg_attribute.attname, ''),
            view_schema.nspname || '.' || views.relname
        from pg_depend
        inner join pg_rewrite
            on pg_depend.objid = pg_rewrite.oid and pg_depend.classid = 'pg_rewrite'::regclass
        inner join pg_class as views on pg_rewrite.ev_class = views.oid
        inner join pg_namespace as view_schema on views.relnamespace = view_schema.oid
        inner join pg_class
            on pg_depend.refobjid = pg_class.oid and pg_depend.refclassid = 'pg_class'::regclass
        left join pg_attribute
            on pg_attribute.attrelid = pg_class.oid
            and pg_attribute.attnum = pg_depend.refobjsubid
            and pg_attribute.attnum > 0
        where pg_class.relnamespace = to_regnamespace(%s)
            and views.oid <> pg_class.oid
            -- masks are ours: publication drops and makes them itself
            and coalesce(obj_description(views.oid, 'pg_class'), '') not like 'Masked by cercle:%%'
        """,
        (MARTS,),
    ):
        if name in found:
            found[name].dependents.setdefault(column, set()).add(view)


def with_canonical_types(connection: psycopg.Connection, marts: Iterable[Mart]) -> list[Mart]:
    """Return the shapes with PostgreSQL's own spelling of each type: `int` is `integer`, `timestamptz` the long one.

    Raises:
        CercleError: there is no such type.
    """
    spelled: dict[str, str] = {}

    def spell(column: Column) -> Column:
        if column.data_type not in spelled:
            spelled[column.data_type] = _spelling(connection, column.data_type)
        return replace(column, data_type=spelled[column.data_type])

    return [replace(mart, columns=tuple(spell(column) for column in mart.columns)) for mart in marts]


def _spelling(connection: psycopg.Connection, data_type: str) -> str:
    if not _TYPE.fullmatch(data_type):
        raise CercleError(f"{data_type!r} is no type of a column")
    try:
        with connection.transaction():
            cursor = connection.execute(sql.SQL("select null::{}").format(sql.SQL(data_type)))
    except psycopg.Error as error:
        raise CercleError(f"{data_type!r} is no type of a column: {error.diag.message_primary}") from None
    assert cursor.pgresult is not None
    row = connection.execute(
        "select format_type(%s::oid, %s::integer)", (cursor.pgresult.ftype(0), cursor.pgresult.fmod(0))
    ).fetchone()
    assert row is not None
    return str(row[0])
