"""The staging models of plugins as temporary views over raw, without dbt: for what must not wait for a build.

The ledger hears stops before anything is built; an erasure must know under which record keys a row of raw stands in the
marts. Both read the very text that dbt builds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.privacy.rendering import render_model
from cercle.project import project_variable
from cercle.settings import Settings
from cercle.sources import SourcePlugin, installed_plugins

__all__ = ["StagingViews", "standing_plugins"]


def standing_plugins(connection: psycopg.Connection) -> Iterator[SourcePlugin]:
    """Yield the installed plugins that have raw tables, whether a source still uses them or not, by name."""
    rows = connection.execute("select distinct plugin from ops.raw_relations order by plugin").fetchall()
    plugins = installed_plugins()
    yield from (plugins[name] for (name,) in rows if name in plugins)


class StagingViews:
    """Makes the views of one plugin's models."""

    def __init__(self, connection: psycopg.Connection, settings: Settings, plugin: SourcePlugin) -> None:
        """Prepare; nothing is made yet.

        Args:
            connection: in whose session the views live.
            settings: of the project, whose vars the models may ask for.
            plugin: with a dbt package.
        """
        self._connection = connection
        self._settings = settings
        self._plugin = plugin
        assert plugin.dbt_package_dir is not None
        self._files = {path.stem: path for path in sorted((plugin.dbt_package_dir / "models").rglob("*.sql"))}
        self._made: dict[str, sql.Identifier] = {}
        self._reads: dict[str, tuple[str, ...]] = {}

    @property
    def models(self) -> list[str]:
        """The names of the plugin's models."""
        return list(self._files)

    def make(self, model: str) -> sql.Identifier:
        """Make the view of a model, and before it those of the models that it reads; return its name.

        Raises:
            CercleError: there is no such model, it asks for more of dbt than stands here, or the database refuses it.
        """
        if model in self._made:
            return self._made[model]
        entities: list[str] = []
        query = render_model(
            self._file(model),
            source=lambda schema, table: self._source(entities, schema, table),
            ref=lambda name: self._ref(entities, name),
            var=self._var,
        )
        view = sql.Identifier("pg_temp", model)
        try:
            self._connection.execute(sql.SQL("drop view if exists {} cascade").format(view))
            name = sql.Identifier(model).as_string(None)
            self._connection.execute(f"create temporary view {name} as {query}".encode())
        except psycopg.Error as error:
            raise CercleError(
                f"The database refuses what {model} says ({type(error).__name__}, SQLSTATE {error.sqlstate})",
                where=f"plugin {self._plugin.name}",
            ) from error
        self._made[model], self._reads[model] = view, tuple(entities)
        return view

    def entities_of(self, model: str) -> tuple[str, ...]:
        """Return the entities that a model of which the view was made reads, its own before those of other models.

        `_row_id` of the model is that of the first.
        """
        return self._reads[model]

    def _file(self, model: str) -> Path:
        if model not in self._files:
            raise CercleError(f"There is no model {model!r}", where=str(self._plugin.dbt_package_dir))
        return self._files[model]

    def _source(self, entities: list[str], schema: str, table: str) -> str:
        entities.insert(0, table.removeprefix(f"{self._plugin.name}__"))
        return sql.Identifier(schema, table).as_string(None)

    def _ref(self, entities: list[str], model: str) -> str:
        name = self.make(model).as_string(None)
        entities.extend(self._reads[model])
        return name

    def _var(self, name: str, default: object = None) -> object:
        found = project_variable(self._settings, name)
        return default if found is None else found
