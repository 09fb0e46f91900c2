"""The rows of a mart that differ from what was built: found in one pass, then deleted, updated, inserted."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle.publish.catalog import MARTS
from cercle.publish.shape import BUILD_SCHEMA, Mart

__all__ = ["Changes", "apply_changes"]


@dataclass(frozen=True)
class Changes:
    """How many rows of a relation a publication changed, and how many it has now."""

    relation: str
    inserted: int
    updated: int
    deleted: int
    rows: int

    @property
    def changed(self) -> int:
        """All rows that were touched."""
        return self.inserted + self.updated + self.deleted


def apply_changes(connection: psycopg.Connection, mart: Mart, replace_all: bool = False) -> Changes:
    """Give a mart the rows that were built; rows that are equal are not touched.

    A row is changed when a column that is neither key nor tagged run_metadata is distinct. The keys that differ
    are found in one join into a temporary table, which may run in parallel, where an update may not; then each
    statement touches only those.

    Args:
        connection: in the publication's transaction.
        mart: its shape; the table in `marts` has it already.
        replace_all: write all rows anew, because the key changed.
    """
    if replace_all:
        deleted = connection.execute(sql.SQL("delete from {}").format(_published(mart))).rowcount
        return _insert_all(connection, mart, deleted)
    is_filled = connection.execute(
        sql.SQL("select exists (select from {})").format(_published(mart))
    ).fetchone()
    if not (is_filled and is_filled[0]):
        return _insert_all(connection, mart, 0)
    connection.execute(_find_differences(mart))
    deleted = connection.execute(_delete(mart)).rowcount
    updated = connection.execute(_update(mart)).rowcount if mart.compared_columns else 0
    inserted = connection.execute(_insert(mart)).rowcount
    connection.execute("drop table pg_temp.cercle_differences")
    return Changes(mart.relation, inserted, updated, deleted, _count(connection, mart))


def _published(mart: Mart) -> sql.Identifier:
    return sql.Identifier(MARTS, mart.relation)


def _built(mart: Mart) -> sql.Identifier:
    return sql.Identifier(BUILD_SCHEMA, mart.relation)


def _columns(names: tuple[str, ...], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names
    )


def _same_key(mart: Mart, left: str, right: str) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name))
        for name in mart.primary_key
    )


def _names(mart: Mart) -> tuple[str, ...]:
    return tuple(column.name for column in mart.columns)


def _find_differences(mart: Mart) -> sql.Composed:
    first = mart.primary_key[0]
    distinct = (
        sql.SQL("({}) is distinct from ({})").format(
            sql.SQL("row({})").format(_columns(mart.compared_columns, "published")),
            sql.SQL("row({})").format(_columns(mart.compared_columns, "built")),
        )
        if mart.compared_columns
        else sql.SQL("false")
    )
    key = sql.SQL(", ").join(
        sql.SQL("coalesce({}, {}) as {}").format(
            sql.Identifier("published", name), sql.Identifier("built", name), sql.Identifier(name)
        )
        for name in mart.primary_key
    )
    return sql.SQL(
        """
        create temporary table cercle_differences on commit drop as
        select
            {key},
            case
                when {built_key} is null then 'gone'
                when {published_key} is null then 'new'
                else 'changed'
            end as difference
        from {published} as published
        full join {built} as built on {same_key}
        where {built_key} is null
            or {published_key} is null
            or {distinct}
        """
    ).format(
        key=key,
        published=_published(mart),
        built=_built(mart),
        same_key=_same_key(mart, "published", "built"),
        built_key=sql.Identifier("built", first),
        published_key=sql.Identifier("published", first),
        distinct=distinct,
    )


def _delete(mart: Mart) -> sql.Composed:
    return sql.SQL(
        """
        delete from {published} as published
        using cercle_differences as found
        where {same_key} and found.difference = 'gone'
        """
    ).format(published=_published(mart), same_key=_same_key(mart, "published", "found"))


def _update(mart: Mart) -> sql.Composed:
    names = tuple(name for name in _names(mart) if name not in mart.primary_key)
    return sql.SQL(
        """
        update {published} as published
        set {assignments}
        from cercle_differences as found
        inner join {built} as built on {found_key}
        where {same_key} and found.difference = 'changed'
        """
    ).format(
        published=_published(mart),
        assignments=sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("built", name)) for name in names
        ),
        built=_built(mart),
        found_key=_same_key(mart, "found", "built"),
        same_key=_same_key(mart, "published", "found"),
    )


def _insert(mart: Mart) -> sql.Composed:
    names = _names(mart)
    return sql.SQL(
        """
        insert into {published} ({names})
        select {built_names}
        from {built} as built
        inner join cercle_differences as found on {found_key}
        where found.difference = 'new'
        """
    ).format(
        published=_published(mart),
        names=_columns(names),
        built_names=_columns(names, "built"),
        built=_built(mart),
        found_key=_same_key(mart, "found", "built"),
    )


def _insert_all(connection: psycopg.Connection, mart: Mart, deleted: int) -> Changes:
    names = _columns(_names(mart))
    inserted = connection.execute(
        sql.SQL("insert into {} ({}) select {} from {}").format(_published(mart), names, names, _built(mart))
    ).rowcount
    return Changes(mart.relation, inserted, 0, deleted, inserted)


def _count(connection: psycopg.Connection, mart: Mart) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(_published(mart))).fetchone()
    assert row is not None
    return int(row[0])
