"""What other rules would merge and split: who is who is made once more with them, beside the one that stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cercle import db, dbt_runner
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["Preview", "Regrouping", "preview_rules"]

SCHEMA = "identity_preview"
_RULES, _RECORDS = "identity_identifier_types", "int_record_customers"
_COMPARED = f"""
    create temporary table compared on commit drop as
    select
        record_key,
        standing.customer_id as standing_id,
        coming.customer_id as coming_id
    from (select record_key, customer_id from identity.record_customers where known_to = 'infinity') as standing
    full join {SCHEMA}.{_RECORDS} as coming using (record_key)
"""
_REGROUPED = """
    select
        {one} as customer_id,
        array_agg({other} order by record_count desc, {other}) as other_ids,
        sum(record_count)::integer as record_count
    from (
        select {one}, {other}, count(*) as record_count
        from compared
        where {one} is not null and {other} is not null
        group by {one}, {other}
    ) as shared
    group by {one}
    having count(*) > 1
    order by record_count desc, customer_id
"""
_TOTALS = """
    select
        count(distinct standing_id),
        count(distinct coming_id),
        count(*) filter (where standing_id is null),
        count(*) filter (where coming_id is null)
    from compared
"""


@dataclass(frozen=True)
class Regrouping:
    """One customer of one side that is several on the other.

    Attributes:
        customer_id: of a merge the customer that would be, of a split the one that is.
        other_ids: the customers that would become one, or that would come of it, those with most records first.
        record_count: source records that they share.
    """

    customer_id: str
    other_ids: tuple[str, ...]
    record_count: int


@dataclass(frozen=True)
class Preview:
    """What other rules would do to the published customers.

    Attributes:
        customer_count: customers that there are.
        coming_count: customers that there would be.
        gained_count: records without a customer that would have one.
        lost_count: records that would have none any more.
        merges: those that touch most records first.
        splits: the same.
    """

    customer_count: int
    coming_count: int
    gained_count: int
    lost_count: int
    merges: tuple[Regrouping, ...]
    splits: tuple[Regrouping, ...]


def preview_rules(settings: Settings, path: Path) -> Preview:
    """Say what a change of rules would merge and split; nothing that stands is touched.

    The models that depend on the rules are made in a schema of their own, where views show what the last build left
    of all others, and dropped again. Scores are taken as they stand.

    Args:
        settings: of a warehouse that was published.
        path: CSV with the column identifier_type and those columns of the seed `identity_identifier_types` that
            change; types that are not named keep their rules.

    Raises:
        CercleError: the file names a type or column that there is not, or there are no customers yet.
    """
    changes = _read_changes(path)
    with _preview_schema(settings), db.connect(settings) as connection:
        _write_rules(connection, changes, path)
        models = _models_between(dbt_runner.read_or_make_manifest(settings))
        _show_others(connection, models)
        connection.commit()
        _build(settings, models)
        return _compare(connection)


def _read_changes(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    if not changes or not changes[0].get("identifier_type"):
        raise CercleError(
            "it has no rows, or no column identifier_type",
            where=str(path),
            remedy="Copy the rows to change from seeds/identity/identity_identifier_types.csv.",
        )
    return changes


@contextmanager
def _preview_schema(settings: Settings) -> Iterator[None]:
    """Make the empty schema that the preview is built in; it goes with all that is in it."""
    drop = f"drop schema if exists {SCHEMA} cascade".encode()
    with db.connect(settings, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(f"create schema {SCHEMA}".encode())
    try:
        yield
    finally:
        with db.connect(settings, autocommit=True) as connection:
            connection.execute(drop)


def _write_rules(
    connection: psycopg.Connection[Any], changes: Sequence[Mapping[str, str]], path: Path
) -> None:
    """Put the rules that stand, changed, where the preview's models look for them first."""
    if connection.execute("select to_regclass(%s)", (f"intermediate.{_RULES}",)).fetchone() == (None,):
        raise CercleError("no build has made customers yet", remedy="Run cercle run first.")
    connection.execute(f"create table {SCHEMA}.{_RULES} as select * from intermediate.{_RULES}".encode())
    columns = {
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0",
            (f"{SCHEMA}.{_RULES}",),
        )
    }
    for number, change in enumerate(changes, start=2):
        values = {name: value or None for name, value in change.items() if name != "identifier_type"}
        unknown = values.keys() - columns
        if unknown:
            raise CercleError(f"there is no column {', '.join(sorted(map(str, unknown)))}", where=str(path))
        assignments = sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
            for name, value in values.items()
        )
        statement = sql.SQL("update {}.{} set {} where identifier_type = {}").format(
            sql.Identifier(SCHEMA),
            sql.Identifier(_RULES),
            assignments,
            sql.Literal(change["identifier_type"]),
        )
        if connection.execute(statement).rowcount != 1:
            raise CercleError("there is no such identifier type", where=f"{path}, line {number}")


def _models_between(manifest: Mapping[str, Any]) -> list[str]:
    """Return the models that hang on the rules and lead to the customers; what Python fills is read as it stands."""
    ids = {manifest["nodes"][node]["name"]: node for node in manifest["nodes"]}
    below = _reached(ids[_RULES], manifest["child_map"])
    above = _reached(ids[_RECORDS], manifest["parent_map"])
    nodes = (manifest["nodes"][node] for node in below & above if node in manifest["nodes"])
    return sorted(
        node["name"]
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["materialized"] != "delivered"
    )


def _reached(node: str, neighbours: Mapping[str, Sequence[str]]) -> set[str]:
    found, ahead = {node}, [node]
    while ahead:
        new = set(neighbours.get(ahead.pop(), ())) - found
        found |= new
        ahead += new
    return found


def _show_others(connection: psycopg.Connection[Any], models: Sequence[str]) -> None:
    """Show what stands, by views, under the names by which the preview's models ask for it."""
    standing = connection.execute(
        """
        select relname
        from pg_class
        where relnamespace = 'intermediate'::regnamespace and relkind in ('r', 'v', 'm') and relname <> all(%s)
        """,
        ([*models, _RULES],),
    ).fetchall()
    for (name,) in standing:
        connection.execute(
            sql.SQL("create view {0}.{1} as select * from intermediate.{1}").format(
                sql.Identifier(SCHEMA), sql.Identifier(name)
            )
        )


def _build(settings: Settings, models: Sequence[str]) -> None:
    """Run the models in the preview's schema, with a dbt whose notes are its own."""
    dsn = make_conninfo(**db.conninfo(settings))
    variables = f"{{cercle_identity_schema: {SCHEMA}}}"
    aside = replace(settings, dsn=dsn, home=settings.home / "preview")
    dbt_runner.run_dbt(aside, "run", ["--select", *models, "--vars", variables])


def _compare(connection: psycopg.Connection[Any]) -> Preview:
    connection.execute(_COMPARED.encode())
    customer_count, coming_count, gained_count, lost_count = connection.execute(_TOTALS.encode()).fetchall()[
        0
    ]
    merges = _regrouped(connection, one="coming_id", other="standing_id")
    splits = _regrouped(connection, one="standing_id", other="coming_id")
    return Preview(customer_count, coming_count, gained_count, lost_count, merges, splits)


def _regrouped(connection: psycopg.Connection[Any], one: str, other: str) -> tuple[Regrouping, ...]:
    found = connection.execute(_REGROUPED.format(one=one, other=other).encode()).fetchall()
    return tuple(Regrouping(customer_id, tuple(others), count) for customer_id, others, count in found)
