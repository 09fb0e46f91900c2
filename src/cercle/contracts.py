"""Data contracts: what a source delivers, read from YAML in the Open Data Contract Standard and checked loudly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cercle.errors import CercleError
from cercle.yaml_files import load_yaml

__all__ = [
    "LOGICAL_TYPES",
    "RAW_METADATA",
    "SEMANTIC_TYPES",
    "Column",
    "Contract",
    "Entity",
    "load_contract",
]

LOGICAL_TYPES = {
    "text": "string",
    "bigint": "integer",
    "numeric": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamp",
    "jsonb": "object",
}
SEMANTIC_TYPES = (
    "account_ref",
    "birth_date",
    "city",
    "consent_proof",
    "contact_point",
    "customer_ref",
    "email",
    "family_name",
    "free_text",
    "full_name",
    "given_name",
    "handle",
    "loyalty_id",
    "other_customer_ref",
    "other_account_ref",
    "money",
    "order_id",
    "phone",
    "postal_address",
    "postcode",
)

# What the loader adds to every raw table: name -> type, description.
RAW_METADATA: Mapping[str, tuple[str, str]] = {
    "_source": ("text", "Source instance that delivered the row."),
    "_load_id": ("bigint", "Load that holds the row (ops.loads)."),
    "_line": ("bigint", "Line of the file on which the row begins; the header is line 1."),
    "_row_id": ("bigint", "Number of the row in this table."),
    "_row_hash": ("uuid", "md5 over column=value of the business columns that are not null, and _extra."),
    "_occurrence": ("integer", "Number, from 0, among identical rows of its file; 0 where there is a key."),
    "_extra": ("jsonb", "Columns of the file that the contract does not know, as text."),
    "_loaded_at": ("timestamptz", "When the load began; decides nothing."),
    "_replaced_by_load_id": (
        "bigint",
        "Later load that brought the same partition anew; null while the row stands.",
    ),
}


@dataclass(frozen=True)
class Column:
    """A column of an entity, and of its raw table.

    Attributes:
        name: its name in the raw table.
        description: a sentence.
        data_type: PostgreSQL type, one of LOGICAL_TYPES.
        is_required: a row without it is rejected, a file without it refused.
        key_position: place in the source's key, from 1; None outside of it.
        semantic_type: what it means (email, phone, money …), None where it means just itself.
        accepted_values: the closed list, empty where any value will do.
        is_personal: whether it holds personal data.
        source_names: its names in files; with row_paths the paths of its value, the first that holds one counts.
        decimal_separator: `.` or `,`.
        date_order: ymd (ISO 8601), dmy or mdy.
        time_format: of a time in JSON documents that is not ISO 8601: epoch or rfc_2822.
        value_prefix: what is written before a text of JSON documents, so that numbers of two systems differ.
    """

    name: str
    description: str
    data_type: str
    is_required: bool = False
    key_position: int | None = None
    semantic_type: str | None = None
    accepted_values: tuple[str, ...] = ()
    is_personal: bool = False
    source_names: tuple[str, ...] = ()
    decimal_separator: str = "."
    date_order: str = "ymd"
    time_format: str | None = None
    value_prefix: str = ""


@dataclass(frozen=True)
class Entity:
    """A kind of row that a plugin delivers: one raw table, one staging model.

    Attributes:
        name: as in the landing folder.
        relation: the raw table, without its schema.
        description: begins with the grain.
        delivery: events or upserts.
        columns: in the order of the contract.
        version_column: the current version of a key has its greatest value.
        occurred_at_column: when the thing itself happened.
        partition_columns: of an entity without a key: a new file replaces the rows of its partitions.
        collected_from_subject: which rows the person gave: `always`, or `column=value`; None for none. A person who was
            erased may come back by such a row, if it is later than the erasure.
        is_order_dependent: upserts without a version column: the result depends on the order of files.
        delimiter: of CSV files.
        encoding: of CSV and JSON files.
        has_header: whether CSV files begin with the names of their columns; else these come in the contract's order.
        row_paths: where the rows stand in JSON documents; the first that is there counts. Empty for other formats.
        fields_left_out: fields of such rows that are known, and not wanted.
        delivered_with: the entity in whose files the rows stand too, None where they have files of their own.
    """

    name: str
    relation: str
    description: str
    delivery: str
    columns: tuple[Column, ...]
    version_column: str | None = None
    occurred_at_column: str | None = None
    partition_columns: tuple[str, ...] = ()
    collected_from_subject: str | None = None
    is_order_dependent: bool = False
    delimiter: str = ","
    encoding: str = "utf-8"
    has_header: bool = True
    row_paths: tuple[str, ...] = ()
    fields_left_out: tuple[str, ...] = ()
    delivered_with: str | None = None

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the source's key, in its order."""
        keys = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(keys, key=lambda column: column.key_position or 0))

    @property
    def is_keyed(self) -> bool:
        """Whether the source has a key for its rows."""
        return bool(self.key_columns)

    @property
    def money_columns(self) -> tuple[Column, ...]:
        """The amounts, whose sums are reconciled."""
        return tuple(column for column in self.columns if column.semantic_type == "money")

    @property
    def raw_relation(self) -> str:
        """The raw table with its schema."""
        return f"raw.{self.relation}"

    def column(self, name: str) -> Column:
        """Return a column by its name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Contract:
    """What one plugin delivers.

    Attributes:
        name: of the plugin.
        version: semantic version of the contract.
        purpose: a sentence.
        entities: in the order of the file.
        path: where it was read from.
        sha256: of the file's bytes.
    """

    name: str
    version: str
    purpose: str
    entities: tuple[Entity, ...]
    path: Path = field(compare=False)
    sha256: str = ""

    def entity(self, name: str) -> Entity:
        """Return an entity by its name.

        Raises:
            CercleError: the contract has none of that name.
        """
        for entity in self.entities:
            if entity.name == name:
                return entity
        raise CercleError(
            f"{self.name} has no entity {name!r}",
            where=str(self.path),
            remedy=f"Its entities are {', '.join(entity.name for entity in self.entities)}",
        )

    def read_from_files_of(self, name: str) -> tuple[Entity, ...]:
        """Return an entity, and those that are delivered with it.

        Raises:
            CercleError: the contract has none of that name.
        """
        others = (entity for entity in self.entities if entity.delivered_with == name)
        return (self.entity(name), *others)


def load_contract(path: Path) -> Contract:
    """Read and check a contract.

    Args:
        path: a YAML file in ODCS 3.

    Raises:
        CercleError: it cannot be read, or says something that the loader does not understand.
    """
    try:
        content = path.read_bytes()
        document = load_yaml(content)
    except OSError as error:
        raise CercleError(f"The contract cannot be read: {error.strerror}", where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path} line {mark.line + 1}" if mark else str(path)
        raise CercleError("The contract is not valid YAML", where=place) from None
    from cercle.contract_reader import ContractReader

    return ContractReader(path).contract(document, hashlib.sha256(content).hexdigest())
