"""Normalising what a load brought: each distinct value that is not yet known, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import psycopg

from cercle.contracts import Entity
from cercle.load.normalise import VALUE_TYPES, normalise, value_key
from cercle.load.planning import looking_up
from cercle.load.rules import identifier
from cercle.load.statements import INCOMING
from cercle.sources import Source

if TYPE_CHECKING:
    from cercle.load.distinct import DistinctValues

__all__ = ["add_normalised_values", "typed_columns", "value_region"]

_AT_ONCE = 5_000


def typed_columns(entity: Entity) -> dict[str, list[str]]:
    """Return the columns of an entity by the type of value that they hold; those without a normaliser are left out."""
    columns: dict[str, list[str]] = {}
    for column in entity.columns:
        if column.semantic_type in VALUE_TYPES:
            columns.setdefault(column.semantic_type, []).append(column.name)
    return columns


def value_region(value_type: str, source: Source) -> str:
    """Return the region under which a value is kept: the source's for telephone numbers, else none."""
    return (source.region or "") if value_type == "phone" else ""


def add_normalised_values(
    connection: psycopg.Connection,
    source: Source,
    entity: Entity,
    load_id: int,
    secret: tuple[str, bytes],
    vetted: DistinctValues | None = None,
) -> int:
    """Normalise and key the values of a load's stored rows that nobody has met before.

    Args:
        connection: in the load's transaction.
        source: whose region telephone numbers without a country are of.
        entity: of the load.
        load_id: its rows are in raw already.
        secret: version and bytes of the key of new pseudonyms.
        vetted: the values of the rows that did not go through the table of texts; None where all did.

    Returns:
        How many were added.
    """
    columns = typed_columns(entity)
    if not columns:
        return 0
    connection.execute(
        """
        create temporary table cercle_values (
            value_type text, region text, original_hash uuid, normalised text, value_key text, key_version text,
            flags text[], library_version text
        ) on commit drop
        """
    )
    for value_type, names in columns.items():
        originals = _originals(connection, entity, load_id, names, vetted.of(value_type) if vetted else None)
        _normalise_type(connection, source, secret, (value_type, originals))
    # In the order of the key: two loads that meet the same new values wait for one another, and never in a circle.
    added = connection.execute(
        """
        insert into ops.normalised_values (
            value_type, region, original_hash, normalised, value_key, key_version, flags, library_version
        )
        select value_type, region, original_hash, normalised, value_key, key_version, flags, library_version
        from pg_temp.cercle_values
        order by value_type, region, original_hash
        on conflict do nothing
        """
    ).rowcount
    connection.execute("drop table pg_temp.cercle_values")
    return added


def _originals(
    connection: psycopg.Connection,
    entity: Entity,
    load_id: int,
    names: list[str],
    vetted: Iterator[str] | None,
) -> str:
    """SQL of the values of some columns: of all rows of the load, or of those that are not among the vetted."""
    table = identifier("raw", entity.relation)
    rows = f"{table} as rows"
    if vetted is not None:
        rows = f"{INCOMING} as incoming inner join {table} as rows on incoming._line = rows._line"
    queries = [
        f"select distinct rows.{column} as original from {rows} "
        f"where rows._load_id = {load_id} and rows.{column} is not null"
        for column in map(identifier, names)
    ]
    if vetted is not None:
        connection.execute("drop table if exists pg_temp.cercle_originals")
        connection.execute("create temporary table cercle_originals (original text) on commit drop")
        with connection.cursor() as cursor, cursor.copy("copy pg_temp.cercle_originals from stdin") as copy:
            for original in vetted:
                copy.write_row((original,))
        queries.append("select original from pg_temp.cercle_originals")
    return " union ".join(queries)


def _normalise_type(
    connection: psycopg.Connection, source: Source, secret: tuple[str, bytes], typed: tuple[str, str]
) -> None:
    """Normalise the values of a type that are not yet known.

    Args:
        connection: in the load's transaction.
        source: whose region telephone numbers without a country are of.
        secret: version and bytes of the key of new pseudonyms.
        typed: the type, and SQL of its values.
    """
    value_type, originals = typed
    region = value_region(value_type, source)
    query = f"""
        select originals.original
        from ({originals}) as originals
        left join lateral (
            select true as is_known
            from ops.normalised_values as known
            where known.value_type = %(value_type)s
                and known.region = %(region)s
                and known.original_hash = md5(originals.original)::uuid
            offset 0
        ) as known on true
        where known.is_known is null
    """
    parameters = {"value_type": value_type, "region": region}
    with connection.cursor(name="cercle_originals") as cursor, connection.cursor() as writer:
        with looking_up(connection):
            cursor.execute(query, parameters)
        while rows := cursor.fetchmany(_AT_ONCE):
            with writer.copy("copy pg_temp.cercle_values from stdin") as copy:
                for row in _keyed((row[0] for row in rows), value_type, source, secret):
                    copy.write_row(row)


def _keyed(
    originals: Iterable[str], value_type: str, source: Source, secret: tuple[str, bytes]
) -> Iterator[tuple[object, ...]]:
    version, key = secret
    region = value_region(value_type, source)
    for original in originals:
        found = normalise(value_type, original, source.region)
        pseudonym = value_key(key, found.kind, found.key_text) if found.kind and found.key_text else None
        yield (
            value_type,
            region,
            hashlib.md5(original.encode(), usedforsecurity=False).hexdigest(),
            found.value,
            pseudonym,
            version if pseudonym else None,
            list(found.flags),
            found.library_version,
        )
