"""Under which record keys the rows of plugins stand in staging, and so in identity and in the marts.

A row of the house is the record `entity:source:key`. What a plugin delivers may become records of other names, and of
several: a comment of a ticket is a contact, or a message. Its staging models say it, and keep the row's `_row_id`.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from cercle.privacy.staging_views import StagingViews, standing_plugins
from cercle.settings import Settings

__all__ = ["add_staged_records", "find_staged_rows", "make_staged_views"]


def make_staged_views(connection: psycopg.Connection, settings: Settings) -> None:
    """Make temporary views of all staging models of plugins that have raw tables; pg_temp.staged_views lists them.

    Args:
        connection: in a transaction.
        settings: of the project, whose vars the models may ask for.

    Raises:
        CercleError: a model cannot be rendered, or the database refuses it.
    """
    connection.execute("drop table if exists pg_temp.staged_views")
    connection.execute("create temporary table staged_views (relation text, view_name text) on commit drop")
    for plugin in standing_plugins(connection):
        if plugin.dbt_package_dir is None:
            continue
        views = StagingViews(connection, settings, plugin)
        for model in views.models:
            views.make(model)
            entity = next(iter(views.entities_of(model)), None)
            if entity is not None:
                connection.execute(
                    "insert into pg_temp.staged_views values (%s, %s)",
                    (plugin.contract.entity(entity).raw_relation, model),
                )


def find_staged_rows(connection: psycopg.Connection) -> None:
    """Add the rows of raw that stand in staging as records of the person to erased_rows.

    Args:
        connection: with staged_views, erased_records and erased_rows.
    """
    for relation, view in _views(connection):
        connection.execute(
            sql.SQL(
                """
                insert into erased_rows (relation, place, load_id, line, record_key)
                select {name}, rows.ctid, rows._load_id, rows._line, null
                from {table} as rows
                where rows._row_id in (
                        select staged._row_id
                        from {view} as staged
                        where staged.record_key in (select record_key from erased_records)
                    )
                    and not exists (
                        select 1 from erased_rows as found where found.relation = {name} and found.place = rows.ctid
                    )
                """
            ).format(
                name=sql.Literal(relation),
                table=sql.Identifier(*relation.split(".")),
                view=sql.Identifier(view),
            )
        )


def add_staged_records(connection: psycopg.Connection) -> None:
    """Add the records that the found rows of raw are in staging: to erased_records, and to staged_records as known.

    Args:
        connection: with staged_views, erased_records and erased_rows.
    """
    connection.execute("create temporary table staged_records (record_key text primary key) on commit drop")
    for relation, view in _views(connection):
        connection.execute(
            sql.SQL(
                """
                insert into staged_records
                select staged.record_key
                from {view} as staged
                inner join {table} as rows on staged._row_id = rows._row_id
                inner join erased_rows on rows.ctid = erased_rows.place and erased_rows.relation = {name}
                on conflict do nothing
                """
            ).format(
                name=sql.Literal(relation),
                table=sql.Identifier(*relation.split(".")),
                view=sql.Identifier(view),
            )
        )
    connection.execute(
        "insert into erased_records select record_key from staged_records on conflict do nothing"
    )


def _views(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute("select relation, view_name from pg_temp.staged_views order by 1, 2").fetchall()
