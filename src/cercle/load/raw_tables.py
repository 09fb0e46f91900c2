"""Raw tables: made from the contracts, widened by newer ones, never narrowed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import psycopg
from psycopg import sql

from cercle.contracts import RAW_METADATA, Contract, Entity
from cercle.errors import CercleError

__all__ = ["ensure_raw_tables", "known_key", "metadata_columns"]

_NOT_NULL = ("_source", "_load_id", "_line", "_row_hash", "_occurrence", "_loaded_at")


def metadata_columns(entity: Entity) -> list[str]:
    """Return the names of the columns that the loader adds to an entity's raw table."""
    return [name for name in RAW_METADATA if name != "_replaced_by_load_id" or entity.partition_columns]


def known_key(entity: Entity) -> list[str]:
    """Return the columns by which a row is known already: the unique index of its raw table.

    With a key: source, key and content. Without one: source, content and occurrence; where a new file replaces its
    partitions, within its load, since each load then holds its partitions whole.
    """
    if entity.is_keyed:
        return ["_source", *(column.name for column in entity.key_columns), "_row_hash"]
    if entity.partition_columns:
        return ["_source", "_load_id", "_row_hash", "_occurrence"]
    return ["_source", "_row_hash", "_occurrence"]


def ensure_raw_tables(connection: psycopg.Connection, contracts: Iterable[Contract]) -> list[str]:
    """Make the raw tables that are missing, and add the columns of newer contracts.

    Runs in the caller's transaction; costs one query where nothing is to do.

    Args:
        connection: its role must be allowed to make tables in the schema raw.
        contracts: of all plugins, or of the one that is loaded.

    Returns:
        The raw tables that were made or changed, as `raw.store__orders`.

    Raises:
        CercleError: a newer contract changes the type or the key of a column.
    """
    changed: list[str] = []
    for contract in contracts:
        current = _migrated(connection, contract)
        stale = [entity for entity in contract.entities if entity.raw_relation not in current]
        if not stale:
            continue
        connection.execute("select pg_advisory_xact_lock(hashtextextended('cercle:raw_tables', 0))")
        for entity in stale:
            _ensure(connection, contract, entity)
            changed.append(entity.raw_relation)
    return changed


def _migrated(connection: psycopg.Connection, contract: Contract) -> set[str]:
    """The raw tables of a contract that are already in its present shape."""
    rows = connection.execute(
        """
        select raw_relation
        from ops.raw_relations
        where plugin = %s and contract_sha256 = %s and to_regclass(raw_relation) is not null
        """,
        (contract.name, contract.sha256),
    ).fetchall()
    return {row[0] for row in rows}


def _ensure(connection: psycopg.Connection, contract: Contract, entity: Entity) -> None:
    columns = _columns(connection, entity)
    if columns:
        _widen(connection, entity, columns)
    else:
        _create(connection, entity)
    _describe(connection, entity)
    connection.execute(
        """
        insert into ops.raw_relations (raw_relation, plugin, entity, contract_version, contract_sha256)
        values (%s, %s, %s, %s, %s)
        on conflict (raw_relation) do update set
            contract_version = excluded.contract_version,
            contract_sha256 = excluded.contract_sha256,
            migrated_at = clock_timestamp()
        """,
        (entity.raw_relation, contract.name, entity.name, contract.version, contract.sha256),
    )


def _columns(connection: psycopg.Connection, entity: Entity) -> dict[str, tuple[str, bool]]:
    """Columns of the raw table as it is: name -> type, not null. Empty where there is none."""
    rows = connection.execute(
        """
        select attname, format_type(atttypid, atttypmod), attnotnull
        from pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
        """,
        (entity.raw_relation,),
    ).fetchall()
    return {
        name: (data_type.replace("timestamp with time zone", "timestamptz"), is_not_null)
        for name, data_type, is_not_null in rows
    }


def _create(connection: psycopg.Connection, entity: Entity) -> None:
    definitions = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.data_type),
            sql.SQL(" not null" if column.is_required else ""),
        )
        for column in entity.columns
    ]
    for name in metadata_columns(entity):
        rest = " generated always as identity" if name == "_row_id" else ""
        rest += " not null" if name in _NOT_NULL else ""
        definitions.append(
            sql.SQL("{} {}{}").format(sql.Identifier(name), sql.SQL(RAW_METADATA[name][0]), sql.SQL(rest))
        )
    table = sql.Identifier("raw", entity.relation)
    connection.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(definitions)))
    key = sql.SQL(", ").join(map(sql.Identifier, known_key(entity)))
    index = _index_name(entity.relation, "known")
    connection.execute(sql.SQL("create unique index {} on {} ({})").format(index, table, key))
    index = _index_name(entity.relation, "load")
    connection.execute(
        sql.SQL(
            "create index {} on {} using brin (_load_id) with (pages_per_range = 32, autosummarize = on)"
        ).format(index, table)
    )  # rows lie in the order of their loads
    if entity.partition_columns:
        partition = sql.SQL(", ").join(map(sql.Identifier, entity.partition_columns))
        index = _index_name(entity.relation, "partition")
        connection.execute(sql.SQL("create index {} on {} (_source, {})").format(index, table, partition))


def _index_name(relation: str, purpose: str) -> sql.Identifier:
    name = f"{relation}_{purpose}"
    if len(name) > 63:
        name = f"{relation[:46]}_{hashlib.sha256(relation.encode()).hexdigest()[:8]}_{purpose}"
    return sql.Identifier(name)


def _widen(connection: psycopg.Connection, entity: Entity, columns: dict[str, tuple[str, bool]]) -> None:
    """Add what a newer contract has more; a column that it has no longer stays, and is null in new rows."""
    table = sql.Identifier("raw", entity.relation)
    _refuse_new_key(connection, entity)
    for column in entity.columns:
        if column.name not in columns:
            # Earlier rows have no value here, so a required column is checked by the loader alone.
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    table, sql.Identifier(column.name), sql.SQL(column.data_type)
                )
            )
        elif columns[column.name][0] != column.data_type:
            raise CercleError(
                f"{column.name} is {columns[column.name][0]} in the table and {column.data_type} in the contract",
                where=entity.raw_relation,
                remedy="Give the column a new name in the contract, or load the source anew as another plugin",
            )
    required = {column.name for column in entity.columns if column.is_required} | set(_NOT_NULL)
    for name, (_, is_not_null) in columns.items():
        if is_not_null and name not in required and name != "_row_id":
            connection.execute(
                sql.SQL("alter table {} alter column {} drop not null").format(table, sql.Identifier(name))
            )


def _refuse_new_key(connection: psycopg.Connection, entity: Entity) -> None:
    rows = connection.execute(
        """
        select pg_attribute.attname
        from pg_index
        inner join pg_attribute
            on pg_index.indrelid = pg_attribute.attrelid and pg_attribute.attnum = any(pg_index.indkey)
        where pg_index.indrelid = to_regclass(%s) and pg_index.indisunique
        """,
        (entity.raw_relation,),
    ).fetchall()
    if {row[0] for row in rows} != set(known_key(entity)):
        raise CercleError(
            "A newer contract changes the key of an entity that is already loaded",
            where=entity.raw_relation,
            remedy="Keep the key, or give the entity a new name",
        )


def _describe(connection: psycopg.Connection, entity: Entity) -> None:
    table = sql.Identifier("raw", entity.relation)
    connection.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(entity.description)))
    descriptions = {column.name: column.description for column in entity.columns}
    descriptions |= {name: RAW_METADATA[name][1] for name in metadata_columns(entity)}
    for name, description in descriptions.items():
        connection.execute(
            sql.SQL("comment on column {}.{} is {}").format(
                table, sql.Identifier(name), sql.Literal(description)
            )
        )
