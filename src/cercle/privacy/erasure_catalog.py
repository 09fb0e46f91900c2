"""The catalogue of an erasure: every table of the warehouse, its columns tagged `personal`, and how it is erased.

Tags stand once: in the contracts (raw), in the models' YAML (dbt's manifest), in the comments of our migrations
(`Personal data.`). A table with a tagged column that nothing says how to erase stops the erasure at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.suppress import identifier_columns, order_handle
from cercle.privacy.decisions import READ_BETWEEN_BUILDS
from cercle.publish.catalog import published_marts

__all__ = ["Catalogue", "Target", "read_catalogue"]

# Columns that tell whose row it is: name -> what it holds. Rows of others may quote an order, so that one counts last.
CUSTOMER_COLUMNS = (
    "customer_id",
    "retired_id",
    "changed_id",
    "successor_id",
    "referrer_customer_id",
    "person_id",
)
IDENTITY_COLUMNS = ("identity",)
RECORD_COLUMNS = ("record_key", "interaction_id", "campaign_touch_id", "sale_id", "call_key")
ORDER_COLUMNS = ("order_id",)
# Schemas that migrations make: their tables are erased by code of their own (erasure_fixed), listed here.
FIXED = {
    "ops.rejected_rows",
    "ops.normalised_values",
    "identity.ids",
    "identity.members",
    "identity.redirects",
    "identity.changes",
    "identity.overrides",
}
# Keys of what has changed since a publication: an erasure has everything asked again (decision 0170).
_LOGGED = "ops.changed_keys"
_FIXED_SCHEMAS = ("ops", "identity", "privacy", "archive")
_REBUILT_SCHEMAS = ("intermediate", "marts_build")
_LEFT_BY_DBT = ("__dbt_backup", "__dbt_tmp")
_PERSONAL_COMMENT = "Personal data."


@dataclass(frozen=True)
class Target:
    """A table whose rows are deleted by the columns that tell whose they are.

    Attributes:
        relation: schema.table.
        handles: column -> customer, identity, record or order.
    """

    relation: str
    handles: Mapping[str, str]


@dataclass(frozen=True)
class Catalogue:
    """What an erasure does, and where.

    Attributes:
        entities: of the contracts, with a raw table.
        targets: deleted by row.
        emptied: made anew by every build, and read by nobody in between.
        tagged_count: columns tagged `personal`.
        foreign: tables of others: searched by `verify`, never touched.
    """

    entities: tuple[Entity, ...]
    targets: tuple[Target, ...]
    emptied: tuple[str, ...]
    tagged_count: int
    foreign: tuple[str, ...]


@dataclass
class _Draft:
    targets: list[Target] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    tagged_count: int = 0


def read_catalogue(
    connection: psycopg.Connection, entities: Iterable[Entity], manifest: Mapping[str, Any]
) -> Catalogue:
    """Read the tables of the database, and say of each how it is erased.

    Args:
        connection: any.
        entities: of all installed plugins.
        manifest: dbt's manifest.json.

    Raises:
        CercleError: a table with a tagged column has no column that tells whose row it is, or is known to nobody.
    """
    columns, comments = _tables(connection)
    contracts = {entity.raw_relation: entity for entity in entities}
    nodes = {
        f"{node['schema']}.{node.get('alias') or node['name']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot")
    }
    shapes = {f"marts.{name}": mart for name, mart in published_marts(connection).items()}
    draft = _Draft()
    draft.emptied.append(_LOGGED)
    for relation, names in sorted(columns.items()):
        schema = relation.partition(".")[0]
        if schema == "raw":
            _add_raw(connection, draft, relation, contracts.get(relation))
        elif schema in _FIXED_SCHEMAS:
            tagged = [name for name in names if _PERSONAL_COMMENT in comments.get((relation, name), "")]
            draft.tagged_count += len(tagged)
            if tagged and relation not in FIXED:
                draft.undeclared.append(relation)
        elif relation in shapes:
            shape = shapes[relation]
            entities_of = {column.name: "customer" for column in shape.columns if column.entity == "customer"}
            tagged = [column.name for column in shape.columns if "personal" in column.tags]
            _add_rows(draft, relation, names, tagged, entities_of)
        elif relation in nodes:
            _add_node(draft, relation, names, nodes[relation])
        elif schema in _REBUILT_SCHEMAS and relation.endswith(_LEFT_BY_DBT):
            draft.emptied.append(relation)
        elif schema in (*_REBUILT_SCHEMAS, "marts", "staging"):
            draft.undeclared.append(relation)
        else:
            draft.foreign.append(relation)
    if draft.undeclared:
        raise CercleError(
            f"Nothing says how to erase a person from {', '.join(draft.undeclared)}; nothing was erased",
            remedy="Give the model a customer_id or record_key, or drop the table if no model makes it any more",
        )
    kept = tuple(contracts[relation] for relation in sorted(columns) if relation in contracts)
    return Catalogue(
        kept, tuple(draft.targets), tuple(draft.emptied), draft.tagged_count, tuple(draft.foreign)
    )


def _tables(
    connection: psycopg.Connection,
) -> tuple[dict[str, list[str]], dict[tuple[str, str], str]]:
    """Columns of every table that people made, and their comments."""
    columns: dict[str, list[str]] = {}
    comments: dict[tuple[str, str], str] = {}
    for relation, name, comment in connection.execute(
        """
        select
            pg_namespace.nspname || '.' || pg_class.relname,
            pg_attribute.attname,
            col_description(pg_class.oid, pg_attribute.attnum)
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        inner join pg_attribute on pg_attribute.attrelid = pg_class.oid
        where pg_class.relkind in ('r', 'p', 'm')
            and not pg_class.relispartition
            and pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
            and pg_namespace.nspname not in ('pg_catalog', 'information_schema')
            and pg_namespace.nspname !~ '^pg_(toast|temp)'
        order by pg_attribute.attnum
        """
    ):
        columns.setdefault(relation, []).append(name)
        if comment:
            comments[relation, name] = comment
    return columns, comments


def _add_raw(connection: psycopg.Connection, draft: _Draft, relation: str, entity: Entity | None) -> None:
    if entity is None:
        draft.undeclared.append(relation)
        return
    tagged = [column.name for column in entity.columns if column.is_personal]
    draft.tagged_count += len(tagged)
    can_be_found = bool(identifier_columns(entity)) or order_handle(entity) is not None
    if tagged and not can_be_found:
        schema, _, name = relation.partition(".")
        has_rows = connection.execute(f'select exists (select from "{schema}"."{name}")'.encode()).fetchone()
        if has_rows and has_rows[0]:
            draft.undeclared.append(relation)


def _add_node(draft: _Draft, relation: str, names: Sequence[str], node: Mapping[str, Any]) -> None:
    """A table that dbt makes: emptied where every build makes it anew, else erased by row."""
    if node["resource_type"] == "seed":
        return
    tagged = [
        name
        for name, column in node["columns"].items()
        if "personal" in {*(column.get("tags") or []), *((column.get("config") or {}).get("tags") or [])}
    ]
    is_kept = node["resource_type"] == "snapshot" or node["config"]["materialized"] == "incremental"
    if node["schema"] in _REBUILT_SCHEMAS and not is_kept and relation not in READ_BETWEEN_BUILDS:
        draft.tagged_count += len(tagged)
        draft.emptied.append(relation)
    else:
        _add_rows(draft, relation, names, tagged, {})


def _add_rows(
    draft: _Draft,
    relation: str,
    names: Sequence[str],
    tagged: Sequence[str],
    entities: Mapping[str, str],
) -> None:
    draft.tagged_count += len(tagged)
    handles = dict(entities)
    handles |= {name: "customer" for name in names if name in CUSTOMER_COLUMNS}
    handles |= {name: "identity" for name in names if name in IDENTITY_COLUMNS}
    handles |= {name: "record" for name in names if name in RECORD_COLUMNS}
    if not handles:
        handles = {name: "order" for name in names if name in ORDER_COLUMNS}
    if handles:
        draft.targets.append(Target(relation, handles))
    elif tagged:
        draft.undeclared.append(relation)
