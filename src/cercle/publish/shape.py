"""The shape that a mart is to have, read from the contract of its model in dbt's manifest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cercle.errors import CercleError

__all__ = ["Column", "ForeignKey", "Index", "Mart", "mart_from_json", "marts_from_manifest"]

BUILD_SCHEMA = "marts_build"
ENTITIES = ("customer", "conversation", "household")
DERIVED = "derived"
INDEX_TYPES = ("btree", "hash", "gin", "gist", "brin")
# Types without an equality of their own: the rows that differ could not be found.
_INCOMPARABLE = re.compile(r"^(json|xml|point|line|lseg|box|path|polygon|circle)(\[\])?$", re.IGNORECASE)
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Column:
    """A column of a mart.

    Attributes:
        entity: the kind of id that it holds (customer, conversation, household), else None.
    """

    name: str
    data_type: str
    description: str
    is_required: bool
    tags: tuple[str, ...] = ()
    entity: str | None = None

    @property
    def is_run_metadata(self) -> bool:
        """Whether two equal builds may differ in it."""
        return "run_metadata" in self.tags

    @property
    def is_comparable(self) -> bool:
        """Whether it is the same in two warehouses that hold the same: no run_metadata, not made from an id."""
        return not self.is_run_metadata and DERIVED not in self.tags


@dataclass(frozen=True)
class ForeignKey:
    """A reference to another mart; deferrable, checked once at the end of a publication."""

    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]

    def name(self, relation: str) -> str:
        """Return the constraint's name: the same definition has the same name."""
        return _made_name(relation, "fk", self)


@dataclass(frozen=True)
class Index:
    """An index that the model's `config.meta.indexes` asks for, or its `config.indexes`, which dbt makes as well."""

    columns: tuple[str, ...]
    type: str = "btree"
    unique: bool = False

    def name(self, relation: str) -> str:
        """Return the index's name: the same definition has the same name."""
        return _made_name(relation, "idx", self)


@dataclass(frozen=True)
class Mart:
    """A relation that publication keeps in `marts`.

    Attributes:
        model_id: dbt's unique id, for example model.cercle.customer_360.
        uniques: columns of each unique constraint.
        checks: expressions of check constraints.
    """

    relation: str
    model_id: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    uniques: tuple[tuple[str, ...], ...] = ()
    checks: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def is_history(self) -> bool:
        """Whether its rows depend on the order of past runs."""
        return "history" in self.tags

    @property
    def comment(self) -> str:
        """The relation's comment in the database."""
        return f"{self.description}\n\nModel: {self.model_id}".strip()

    @property
    def compared_columns(self) -> tuple[str, ...]:
        """Columns whose difference makes a row a changed one."""
        return tuple(
            column.name
            for column in self.columns
            if column.name not in self.primary_key and not column.is_run_metadata
        )

    def unique_name(self, columns: tuple[str, ...]) -> str:
        """Return the name of a unique constraint."""
        return _made_name(self.relation, "key", columns)

    def check_name(self, expression: str) -> str:
        """Return the name of a check constraint."""
        return _made_name(self.relation, "check", expression)

    @property
    def primary_key_name(self) -> str:
        """The name of the primary key."""
        return _made_name(self.relation, "pkey", self.primary_key)

    def as_json(self) -> dict[str, Any]:
        """Return the shape as plain lists and mappings, for `mart_from_json`."""
        return asdict(self)


def mart_from_json(shape: Mapping[str, Any]) -> Mart:
    """Return the mart that `Mart.as_json` described."""
    return Mart(
        relation=shape["relation"],
        model_id=shape["model_id"],
        description=shape["description"],
        columns=tuple(Column(**{**column, "tags": tuple(column["tags"])}) for column in shape["columns"]),
        primary_key=tuple(shape["primary_key"]),
        uniques=tuple(tuple(columns) for columns in shape["uniques"]),
        checks=tuple(shape["checks"]),
        foreign_keys=tuple(
            ForeignKey(tuple(key["columns"]), key["to"], tuple(key["to_columns"]))
            for key in shape["foreign_keys"]
        ),
        indexes=tuple(
            Index(tuple(index["columns"]), index["type"], index["unique"]) for index in shape["indexes"]
        ),
        tags=tuple(shape["tags"]),
    )


def marts_from_manifest(manifest: Mapping[str, Any]) -> list[Mart]:
    """Return the marts that a dbt project defines: its models in the schema marts_build, by name.

    Args:
        manifest: dbt's manifest.json.

    Raises:
        CercleError: a model has no enforced contract, no primary key, or names what does not exist.
    """
    models = {
        node["unique_id"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] == BUILD_SCHEMA
        and node["config"]["materialized"] != "ephemeral"
    }
    marts = sorted((_mart(node) for node in models.values()), key=lambda mart: mart.relation)
    by_relation: dict[str, Mart] = {}
    for mart in marts:
        if mart.relation in by_relation:
            raise CercleError(
                f"Two models are published as marts.{mart.relation}: {by_relation[mart.relation].model_id} "
                f"and {mart.model_id}",
                remedy="Give one of them another alias",
            )
        by_relation[mart.relation] = mart
    for mart in marts:
        _refuse_wrong_references(mart, by_relation)
    return marts


def _mart(node: Mapping[str, Any]) -> Mart:
    where = node["original_file_path"]
    relation = node["alias"]
    if not _NAME.fullmatch(relation):
        raise CercleError(f"A mart's name is lower case with underscores; got {relation!r}", where=where)
    if not node["config"].get("contract", {}).get("enforced"):
        raise CercleError(
            f"Model {node['name']} is to be published, but its contract is not enforced",
            where=where,
            remedy="Set contract: {enforced: true} and give each column a data_type",
        )
    constraints = node.get("constraints") or []
    keys = [constraint["columns"] for constraint in constraints if constraint["type"] == "primary_key"]
    uniques = [constraint["columns"] for constraint in constraints if constraint["type"] == "unique"]
    checks = [constraint["expression"] for constraint in constraints if constraint["type"] == "check"]
    required: set[str] = set()
    for column in node["columns"].values():
        for constraint in column.get("constraints") or []:
            if constraint["type"] == "primary_key":
                keys.append([column["name"]])
            elif constraint["type"] == "unique":
                uniques.append([column["name"]])
            elif constraint["type"] == "check":
                checks.append(constraint["expression"])
            elif constraint["type"] == "not_null":
                required.add(column["name"])
    if len(keys) != 1:
        raise CercleError(
            f"Model {node['name']} has {len(keys)} primary keys, and a mart needs one",
            where=where,
            remedy="Add below constraints: - {type: primary_key, columns: [...]}",
        )
    required.update(keys[0])
    return Mart(
        relation=relation,
        model_id=node["unique_id"],
        description=(node.get("description") or "").strip(),
        columns=tuple(_column(column, required, where) for column in node["columns"].values()),
        primary_key=tuple(keys[0]),
        uniques=tuple(tuple(columns) for columns in uniques),
        checks=tuple(checks),
        foreign_keys=tuple(_foreign_key(key, where) for key in _meta(node).get("foreign_keys", [])),
        indexes=tuple(
            _index(index, where)
            for index in (*(node["config"].get("indexes") or ()), *_meta(node).get("indexes", ()))
        ),
        tags=tuple(sorted(node["config"].get("tags") or [])),
    )


def _column(column: Mapping[str, Any], required: set[str], where: str) -> Column:
    name, data_type = column["name"], column.get("data_type") or ""
    if not _NAME.fullmatch(name):
        raise CercleError(f"A column's name is lower case with underscores; got {name!r}", where=where)
    if _INCOMPARABLE.match(data_type.strip()):
        raise CercleError(
            f"Column {name} has type {data_type}, whose values cannot be compared",
            where=where,
            remedy="Use jsonb or text",
        )
    tags = {*(column.get("tags") or []), *((column.get("config") or {}).get("tags") or [])}
    entity = _meta(column).get("entity")
    if entity == DERIVED:  # a key made from an id: other names of customers make other keys
        entity = None
        tags.add(DERIVED)
    if entity is not None and entity not in ENTITIES:
        raise CercleError(
            f"Column {name} has meta entity {entity!r}; it is one of {', '.join((*ENTITIES, DERIVED))}",
            where=where,
        )
    return Column(
        name=name,
        data_type=data_type,
        description=(column.get("description") or "").strip(),
        is_required=name in required,
        tags=tuple(sorted(tags)),
        entity=entity,
    )


def _foreign_key(key: Mapping[str, Any], where: str) -> ForeignKey:
    missing = {"columns", "to", "to_columns"} - set(key)
    if missing:
        raise CercleError(
            f"A foreign key lacks {', '.join(sorted(missing))}", where=f"{where} config.meta.foreign_keys"
        )
    return ForeignKey(tuple(key["columns"]), key["to"], tuple(key["to_columns"]))


def _index(index: Mapping[str, Any], where: str) -> Index:
    kind = index.get("type") or "btree"
    if kind not in INDEX_TYPES:
        raise CercleError(f"An index is one of {', '.join(INDEX_TYPES)}; got {kind!r}", where=where)
    return Index(tuple(index["columns"]), kind, bool(index.get("unique", False)))


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The meta of a node or a column: dbt keeps it at the top, below config, or at both."""
    return {**(entry.get("meta") or {}), **((entry.get("config") or {}).get("meta") or {})}


def _refuse_wrong_references(mart: Mart, marts: Mapping[str, Mart]) -> None:
    own = {column.name for column in mart.columns}
    used = [
        *mart.primary_key,
        *(name for columns in mart.uniques for name in columns),
        *(name for index in mart.indexes for name in index.columns),
        *(name for key in mart.foreign_keys for name in key.columns),
    ]
    unknown = sorted(set(used) - own)
    if unknown:
        raise CercleError(
            f"A key or index of marts.{mart.relation} names columns that it has not: {', '.join(unknown)}",
            where=mart.model_id,
        )
    for key in mart.foreign_keys:
        target = marts.get(key.to)
        if target is None:
            raise CercleError(
                f"A foreign key of marts.{mart.relation} goes to {key.to}, which is no mart",
                where=mart.model_id,
            )
        # unique constraints are deferrable, and PostgreSQL takes none of those for a foreign key
        if key.to_columns != target.primary_key:
            raise CercleError(
                f"A foreign key of marts.{mart.relation} goes to {key.to} ({', '.join(key.to_columns)}), "
                f"whose primary key is {', '.join(target.primary_key)}",
                where=mart.model_id,
            )


def _made_name(relation: str, kind: str, definition: object) -> str:
    digest = hashlib.sha256(repr(definition).encode()).hexdigest()[:8]
    return f"{relation[: 63 - len(kind) - 10]}_{digest}_{kind}"
