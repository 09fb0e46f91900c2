"""What sources of every kind bring to the ledger, in the columns of the house: temporary views over raw.

The rows of the house stand in raw as they are wanted. Those of other plugins are what their staging models make of
them: the models that feed `consent_events` and `campaign_events` (see cercle.feeds) are rendered here without dbt, so
that a stop is heard before anything is built, and is read by the same text as the marts'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from cercle.contracts import Column
from cercle.errors import CercleError
from cercle.feeds import package_feeds
from cercle.privacy.rendering import render_model
from cercle.project import project_variable
from cercle.settings import Settings
from cercle.sources import SourcePlugin, installed_plugins

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
    plugins = installed_plugins()
    standing = {
        row[0] for row in connection.execute("select distinct plugin from ops.raw_relations").fetchall()
    }
    connection.execute("drop table if exists pg_temp.ledger_feeds")
    connection.execute("create temporary table ledger_feeds (plugin text, entity text) on commit drop")
    made: list[str] = []
    for input_name, (house, entity) in FED_INPUTS.items():
        columns = plugins[house].contract.entity(entity).columns
        parts: list[sql.Composable] = []
        if house in standing:
            parts.append(_house_rows(f"{house}__{entity}", columns))
            _note_feeds(connection, [(house, entity)])
        for name in sorted(standing & set(plugins)):
            folder = plugins[name].dbt_package_dir
            for model in package_feeds(folder).get(input_name, ()) if folder is not None else ():
                views = _Views(connection, settings, plugins[name])
                parts.append(_plugin_rows(connection, views.make(model), columns))
                _note_feeds(connection, [(name, read) for read in views.entities])
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


def _note_feeds(connection: psycopg.Connection, feeds: Sequence[tuple[str, str]]) -> None:
    for feed in feeds:
        connection.execute("insert into pg_temp.ledger_feeds values (%s, %s)", feed)


@dataclass
class _Views:
    """Temporary views for a plugin's staging models.

    Attributes:
        entities: whose raw tables the models read, found while rendering.
    """

    connection: psycopg.Connection
    settings: Settings
    plugin: SourcePlugin
    entities: set[str] = field(default_factory=set)

    def make(self, model: str) -> sql.Identifier:
        """Make the view of a model, and before it those of the models that it reads."""
        query = render_model(self._file(model), source=self._source, ref=self._ref, var=self._var)
        view = sql.Identifier("pg_temp", model)
        try:
            self.connection.execute(sql.SQL("drop view if exists {} cascade").format(view))
            self.connection.execute(
                f"create temporary view {sql.Identifier(model).as_string(None)} as {query}"
            )
        except psycopg.Error as error:
            raise CercleError(
                f"The database refuses what {model} says ({type(error).__name__}, SQLSTATE {error.sqlstate})",
                where=f"plugin {self.plugin.name}",
            ) from error
        return view

    def _file(self, model: str) -> Path:
        assert self.plugin.dbt_package_dir is not None
        path = next((self.plugin.dbt_package_dir / "models").rglob(f"{model}.sql"), None)
        if path is None:
            raise CercleError(f"There is no model {model!r}", where=str(self.plugin.dbt_package_dir))
        return path

    def _source(self, schema: str, table: str) -> str:
        self.entities.add(table.removeprefix(f"{self.plugin.name}__"))
        return sql.Identifier(schema, table).as_string(None)

    def _ref(self, model: str) -> str:
        return self.make(model).as_string(None)

    def _var(self, name: str, default: object = None) -> object:
        found = project_variable(self.settings, name)
        return default if found is None else found
