"""What marts suites may write in braces, so that one text serves every project.

- `{marts}`: the schema of the marts under check
- `{mart_rows}`: (relation, row_count) of every table of that schema
- `{raw_rows}`: (relation, load_id, row_count) of every raw relation
- `{input:NAME:COLUMN, …}`: the current rows of all staging models that feed an input, of all sources
"""

from __future__ import annotations

import re

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.feeds import feeding_models
from cercle.settings import Settings

__all__ = ["fill"]

_PLACEHOLDER = re.compile(r"\{(marts|mart_rows|raw_rows|input:[^{}]*)\}")
_INPUT = re.compile(r"input:(\w+):([\w\s,]+)")


def fill(text: str, settings: Settings, connection: psycopg.Connection, schema: str, where: str) -> str:
    """Return the text of a suite's query with its placeholders filled.

    Args:
        text: the query as the suite has it.
        settings: names the project, whose sources feed the inputs.
        connection: to ask which tables there are.
        schema: of the marts under check.
        where: the suite's file, for errors.

    Raises:
        CercleError: an input is not written as `{input:name:column, column}`.
    """

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name == "marts":
            return sql.Identifier(schema).as_string(connection)
        if name == "mart_rows":
            return _mart_rows(connection, schema)
        if name == "raw_rows":
            return _raw_rows(connection)
        return _input_rows(name, settings, connection, where)

    return _PLACEHOLDER.sub(replaced, text)


def _mart_rows(connection: psycopg.Connection, schema: str) -> str:
    tables = connection.execute(
        """
        select pg_class.relname
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_namespace.nspname = %s and pg_class.relkind in ('r', 'p', 'm', 'v')
        """,
        (schema,),
    )
    parts = [
        sql.SQL("select {} as relation, count(*) as row_count from {}").format(
            sql.Literal(name), sql.Identifier(schema, name)
        )
        for (name,) in tables
    ]
    return _union(connection, parts, "select null::text as relation, 0 as row_count where false")


def _raw_rows(connection: psycopg.Connection) -> str:
    relations = connection.execute("select raw_relation from ops.raw_relations order by raw_relation")
    parts = [
        sql.SQL(
            "select {} as relation, _load_id as load_id, count(*) as row_count from {} group by _load_id"
        ).format(sql.Literal(name), sql.Identifier(*name.split(".", 1)))
        for (name,) in relations
    ]
    return _union(
        connection, parts, "select null::text as relation, 0 as load_id, 0 as row_count where false"
    )


def _input_rows(name: str, settings: Settings, connection: psycopg.Connection, where: str) -> str:
    match = _INPUT.fullmatch(name)
    if match is None:
        raise CercleError(
            f"The placeholder {{{name}}} is not {{input:name:column, column}}", where=where, remedy="Mend it"
        )
    columns = sql.SQL(", ").join(sql.Identifier(column.strip()) for column in match[2].split(","))
    models = sorted(set(feeding_models(settings, match[1])))
    parts = [
        sql.SQL("select {} from staging.{} where is_current_version").format(columns, sql.Identifier(model))
        for model in models
    ]
    empty = ", ".join(f"null as {column.strip()}" for column in match[2].split(","))
    return _union(connection, parts, f"select {empty} where false", alias=match[1])


def _union(
    connection: psycopg.Connection, parts: list[sql.Composed], empty: str, alias: str | None = None
) -> str:
    text = "\nunion all\n".join(part.as_string(connection) for part in parts) or empty
    return f"(\n{text}\n)" + (f" as {alias}" if alias else "")
