"""What sources of every kind bring to the ledger, in the columns of the house: temporary views over raw.

The rows of the house stand in raw as they are wanted. Those of other plugins are what their staging models make of
them: the models that feed `consent_events` and `campaign_events` (see cercle.feeds).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import psycopg
from psycopg import sql

from cercle.contracts import Column
from cercle.feeds import package_feeds
from cercle.privacy.staging_views import StagingViews, standing_plugins
from cercle.settings import Settings
from cercle.sources import installed_plugins

__all__ = ["FED_INPUTS", "make_fed_views"]

# Input of the shared models -> the house's plugin and entity of that shape. The view is pg_temp.fed_<input>.
FED_INPUTS = {
    "consent_events": ("privacy", "consent_events"),
    "campaign_events": ("email", "campaign_events"),
}


def make_fed_views(connection: psycopg.Connection, settings: Settings) -> list[str]:
    """Make a temporary view per input that is fed, and pg_temp.ledger_feeds with the entities that feed one.

    Args:
        connection: in a transaction.
        settings: of the project, whose vars the models may ask for.

    Returns:
        The inputs that some raw table feeds.

    Raises:
        CercleError: a plugin's model cannot be rendered, or the database refuses it.
    """
    plugins = {plugin.name: plugin for plugin in standing_plugins(connection)}
    packages = {
        name: (package_feeds(plugin.dbt_package_dir), StagingViews(connection, settings, plugin))
        for name, plugin in plugins.items()
        if plugin.dbt_package_dir is not None
    }
    connection.execute("drop table if exists pg_temp.ledger_feeds")
    connection.execute("create temporary table ledger_feeds (plugin text, entity text) on commit drop")
    made: list[str] = []
    for input_name, (house, entity) in FED_INPUTS.items():
        columns = installed_plugins()[house].contract.entity(entity).columns
        parts: list[sql.Composable] = []
        if house in plugins:
            parts.append(_house_rows(f"{house}__{entity}", columns))
            _note_feeds(connection, house, [entity])
        for name, (feeds, views) in packages.items():
            for model in feeds.get(input_name, ()):
                parts.append(_plugin_rows(connection, views.make(model), columns))
                _note_feeds(connection, name, views.entities_of(model))
        if parts:
            view = sql.Identifier(f"fed_{input_name}")
            connection.execute(sql.SQL("drop view if exists pg_temp.{}").format(view))
            union = sql.SQL(" union all ").join(parts)
            connection.execute(sql.SQL("create temporary view {} as {}").format(view, union))
            made.append(input_name)
    return made


def _house_rows(relation: str, columns: Sequence[Column]) -> sql.Composable:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    return sql.SQL("select {}, _source, _load_id from {}").format(names, sql.Identifier("raw", relation))


def _plugin_rows(
    connection: psycopg.Connection, view: sql.Identifier, columns: Sequence[Column]
) -> sql.Composable:
    """The rows of a staging model; a column that it lacks is null."""
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0",
        (view.as_string(connection),),
    )
    there = {row[0] for row in rows.fetchall()}
    values = [
        sql.SQL("{}::{}").format(
            sql.Identifier(column.name) if column.name in there else sql.NULL, sql.SQL(column.data_type)
        )
        for column in columns
    ]
    return sql.SQL("select {}, source_name, _load_id from {}").format(sql.SQL(", ").join(values), view)


def _note_feeds(connection: psycopg.Connection, plugin: str, entities: Iterable[str]) -> None:
    for entity in entities:
        connection.execute("insert into pg_temp.ledger_feeds values (%s, %s)", (plugin, entity))
