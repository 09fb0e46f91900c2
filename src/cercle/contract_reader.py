"""Reading a contract: a parsed YAML document becomes a Contract, or a sentence about what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cercle.contracts import LOGICAL_TYPES, SEMANTIC_TYPES, Column, Contract, Entity
from cercle.errors import CercleError

__all__ = ["ContractReader"]

DELIVERIES = ("events", "upserts")
ENCODINGS = ("utf-8", "cp1252", "iso-8859-1", "iso-8859-15")  # those in which a line break is one byte
DATE_ORDERS = ("ymd", "dmy", "mdy")
TIME_FORMATS = ("epoch", "rfc_2822")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COLUMN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ROW_PATH = re.compile(r"\.|[\w-]+(\[\])?(\.[\w-]+(\[\])?)*")
_VALUE_PATH = re.compile(r"\^*[\w -]+(\.[\w -]+)*")
_LONGEST_NAME = 63  # bytes of a PostgreSQL identifier
_ENTITY_PROPERTIES = {
    "delivery",
    "versionColumn",
    "occurredAtColumn",
    "partitionColumn",
    "isOrderDependent",
    "collectedFromSubject",
    "delimiter",
    "encoding",
    "hasHeader",
    "rowPath",
    "fieldsLeftOut",
    "deliveredWith",
}
_COLUMN_PROPERTIES = {
    "semanticType",
    "acceptedValues",
    "sourceColumn",
    "decimalSeparator",
    "dateOrder",
    "timeFormat",
    "valuePrefix",
}


class ContractReader:
    """Turns a parsed document into a Contract, and says where it is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = ""

    def contract(self, document: object, sha256: str) -> Contract:
        """Return the contract that a parsed document says.

        Args:
            document: as the YAML parser gives it.
            sha256: of the file's bytes.

        Raises:
            CercleError: naming the entity and column that is wrong.
        """
        top = self._mapping(document, "The contract")
        if top.get("kind") != "DataContract" or not str(top.get("apiVersion", "")).startswith("v3."):
            raise self._wrong(
                "The file is no data contract", "Write kind: DataContract and apiVersion: v3.1.0"
            )
        name = self._name(top, "the contract")
        version = str(top.get("version") or "")
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            raise self._wrong(f"version must be like 1.0.0; got {version!r}")
        description = top.get("description")
        purpose = str(description.get("purpose", "")) if isinstance(description, Mapping) else ""
        objects = top.get("schema")
        if not isinstance(objects, Sequence) or not objects:
            raise self._wrong("schema must list at least one entity")
        entities = tuple(self._entity(item, name) for item in objects)
        self._place = ""
        self._refuse_twins([entity.name for entity in entities], "entity")
        self._check_delivered_with(entities)
        return Contract(name, version, purpose, entities, self._path, sha256)

    def _entity(self, item: object, plugin: str) -> Entity:
        top = self._mapping(item, "An entity")
        name = self._name(top, "an entity")
        self._place = name
        relation = f"{plugin}__{name}"
        if top.get("physicalName", relation) != relation or len(relation) > _LONGEST_NAME:
            raise self._wrong(f"physicalName must be {relation}, in at most {_LONGEST_NAME} characters")
        extras = self._properties(top, _ENTITY_PROPERTIES)
        properties = top.get("properties")
        if not isinstance(properties, Sequence) or not properties:
            raise self._wrong("properties must list at least one column")
        entity = Entity(
            name=name,
            relation=relation,
            description=self._description(top),
            delivery=str(extras.get("delivery", "")),
            columns=tuple(self._column(column, name) for column in properties),
            version_column=self._optional_text(extras, "versionColumn"),
            occurred_at_column=self._optional_text(extras, "occurredAtColumn"),
            partition_columns=self._texts(extras.get("partitionColumn", ())),
            collected_from_subject=self._optional_text(extras, "collectedFromSubject"),
            is_order_dependent=extras.get("isOrderDependent") is True,
            delimiter=str(extras.get("delimiter", ",")),
            encoding=str(extras.get("encoding", "utf-8")).lower(),
            has_header=extras.get("hasHeader") is not False,
            row_paths=self._texts(extras.get("rowPath", ())),
            fields_left_out=self._texts(extras.get("fieldsLeftOut", ())),
            delivered_with=self._optional_text(extras, "deliveredWith"),
        )
        self._place = name
        self._check_entity(entity)
        return entity

    def _check_entity(self, entity: Entity) -> None:
        names = [column.name for column in entity.columns]
        self._refuse_twins(names, "column")
        if entity.row_paths:
            self._check_paths(entity)
        else:
            self._check_names_in_files(entity)
        if entity.delivery == "full_snapshot":
            raise self._wrong(
                "delivery full_snapshot comes with a later version of cercle: a missing key would be a deletion",
                "Deliver events or upserts",
            )
        if entity.delivery not in DELIVERIES:
            raise self._wrong(f"delivery must be one of {', '.join(DELIVERIES)}; got {entity.delivery!r}")
        self._check_collected(entity, names)
        for option in (entity.version_column, entity.occurred_at_column, *entity.partition_columns):
            if option is not None and option not in names:
                raise self._wrong(f"There is no column {option!r}")
        if entity.encoding not in ENCODINGS:
            raise self._wrong(f"encoding must be one of {', '.join(ENCODINGS)}; got {entity.encoding!r}")
        is_ascii = entity.delimiter.isascii() and len(entity.delimiter) == 1
        if not is_ascii or entity.delimiter.isalnum() or entity.delimiter in '"\r\n.\\':
            raise self._wrong("delimiter must be one ASCII sign, no quote and no line break")
        self._check_key(entity)

    def _check_names_in_files(self, entity: Entity) -> None:
        in_files = [source.lower() for column in entity.columns for source in column.source_names]
        self._refuse_twins(in_files, "sourceColumn")
        if entity.fields_left_out or any(
            column.time_format or column.value_prefix for column in entity.columns
        ):
            raise self._wrong("fieldsLeftOut, timeFormat and valuePrefix are for entities with a rowPath")

    def _check_paths(self, entity: Entity) -> None:
        """Row paths and paths of values are those of cercle.load.json_document."""
        wrong = [path for path in entity.row_paths if not _ROW_PATH.fullmatch(path)]
        if wrong:
            raise self._wrong(f"rowPath must be like orders[].line_items[], or a dot; got {wrong[0]!r}")
        for column in entity.columns:
            wrong = [path for path in column.source_names if not _VALUE_PATH.fullmatch(path)]
            if wrong:
                raise self._wrong(
                    f"sourceColumn of {column.name} must be like ^customer.id; got {wrong[0]!r}"
                )
        self._refuse_twins([column.source_names[0] for column in entity.columns], "sourceColumn")
        if not entity.has_header or entity.delimiter != ",":
            raise self._wrong("hasHeader and delimiter are for CSV files, rowPath for JSON")

    def _check_delivered_with(self, entities: Sequence[Entity]) -> None:
        own_files = [entity.name for entity in entities if entity.delivered_with is None]
        for entity in entities:
            if entity.delivered_with is not None and entity.delivered_with not in own_files:
                self._place = entity.name
                raise self._wrong(
                    f"deliveredWith must be one of {', '.join(own_files)}; got {entity.delivered_with!r}"
                )

    def _check_collected(self, entity: Entity, names: Sequence[str]) -> None:
        rule = entity.collected_from_subject
        if rule in (None, "always"):
            return
        name, separator, value = str(rule).partition("=")
        if name not in names or not separator or not value:
            raise self._wrong(
                f"collectedFromSubject must be always, or a column and its value as direction=inbound; got {rule!r}"
            )
        if entity.occurred_at_column is None:
            raise self._wrong("collectedFromSubject needs an occurredAtColumn")

    def _check_key(self, entity: Entity) -> None:
        positions = [column.key_position for column in entity.key_columns]
        if positions != list(range(1, len(positions) + 1)):
            raise self._wrong(f"primaryKeyPosition must count 1, 2, 3 …; got {positions}")
        loose = [column.name for column in entity.key_columns if not column.is_required]
        if loose:
            raise self._wrong(f"A column of the key must be required: {', '.join(loose)}")
        if entity.is_keyed and entity.partition_columns:
            raise self._wrong(
                "partitionColumn is for entities without a key", "Remove it, or the primary key"
            )
        if not all(entity.column(name).is_required for name in entity.partition_columns):
            raise self._wrong(
                "A partitionColumn must be required: a row without a partition could not be replaced"
            )
        if entity.delivery == "upserts" and not entity.is_keyed:
            raise self._wrong("upserts need a primary key", "Mark it, or deliver events")
        if entity.delivery == "upserts" and not (entity.version_column or entity.is_order_dependent):
            raise self._wrong(
                "upserts need a versionColumn: the current version is its greatest value",
                "Name one, or accept that the order of files decides: {property: isOrderDependent, value: true}",
            )

    def _column(self, item: object, entity_name: str) -> Column:
        top = self._mapping(item, "A column")
        name = str(top.get("name", ""))
        self._place = f"{entity_name}.{name}"
        if not _COLUMN_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise self._wrong(
                f"A column's name is letters, digits and _, in at most {_LONGEST_NAME} characters"
            )
        data_type = str(top.get("physicalType", ""))
        if data_type not in LOGICAL_TYPES or top.get("logicalType") != LOGICAL_TYPES[data_type]:
            pairs = ", ".join(f"{logical}/{physical}" for physical, logical in LOGICAL_TYPES.items())
            given = f"{top.get('logicalType')}/{data_type}"
            raise self._wrong(f"logicalType/physicalType must be one of {pairs}; got {given}")
        extras = self._properties(top, _COLUMN_PROPERTIES)
        semantic_type = self._optional_text(extras, "semanticType")
        self._check_semantic_type(semantic_type, data_type)
        is_key = top.get("primaryKey") is True
        column = Column(
            name=name,
            description=self._description(top),
            data_type=data_type,
            is_required=top.get("required") is True,
            key_position=int(top.get("primaryKeyPosition", 1)) if is_key else None,
            semantic_type=semantic_type,
            accepted_values=self._texts(extras.get("acceptedValues", ())),
            is_personal=top.get("classification") == "personal",
            source_names=self._texts(extras.get("sourceColumn", name)),
            decimal_separator=str(extras.get("decimalSeparator", ".")),
            date_order=str(extras.get("dateOrder", "ymd")),
            time_format=self._optional_text(extras, "timeFormat"),
            value_prefix=str(extras.get("valuePrefix", "")),
        )
        if column.decimal_separator not in (".", ","):
            raise self._wrong(f"decimalSeparator must be . or ,; got {column.decimal_separator!r}")
        if column.date_order not in DATE_ORDERS:
            raise self._wrong(f"dateOrder must be one of {', '.join(DATE_ORDERS)}; got {column.date_order!r}")
        if column.time_format not in (None, *TIME_FORMATS):
            raise self._wrong(
                f"timeFormat must be one of {', '.join(TIME_FORMATS)}; got {column.time_format!r}"
            )
        if column.time_format and data_type != "timestamptz":
            raise self._wrong(f"timeFormat is for timestamptz columns; got {data_type}")
        if column.value_prefix and data_type != "text":
            raise self._wrong(f"valuePrefix is for text columns; got {data_type}")
        if column.accepted_values and data_type != "text":
            raise self._wrong("acceptedValues is for text columns")
        return column

    def _check_semantic_type(self, semantic_type: str | None, data_type: str) -> None:
        if semantic_type is None:
            return
        if semantic_type not in SEMANTIC_TYPES:
            raise self._wrong(
                f"semanticType must be one of {', '.join(SEMANTIC_TYPES)}; got {semantic_type!r}"
            )
        wanted = {"money": "numeric", "birth_date": "date"}.get(semantic_type, "text")
        if data_type != wanted:
            raise self._wrong(f"semanticType {semantic_type} needs physicalType {wanted}; got {data_type}")

    def _properties(self, top: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for item in top.get("customProperties") or ():
            pair = self._mapping(item, "A custom property")
            name = str(pair.get("property", ""))
            if name not in known:
                raise self._wrong(
                    f"A custom property here is one of {', '.join(sorted(known))}; got {name!r}"
                )
            found[name] = pair.get("value")
        return found

    def _mapping(self, item: object, what: str) -> Mapping[str, Any]:
        if not isinstance(item, Mapping):
            raise self._wrong(f"{what} must be a mapping; got {type(item).__name__}")
        return item

    def _name(self, top: Mapping[str, Any], what: str) -> str:
        name = str(top.get("name", ""))
        if not _NAME.fullmatch(name):
            raise self._wrong(f"The name of {what} is lower case letters, digits and _; got {name!r}")
        return name

    def _description(self, top: Mapping[str, Any]) -> str:
        description = str(top.get("description") or "").strip()
        if not description:
            raise self._wrong(
                "A description is missing", "Say in a sentence what it is; of an entity, its grain"
            )
        return description

    def _texts(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
            raise self._wrong(
                f"Text, or a list of texts, is wanted here; got {value!r}", "Quote yes, no and numbers"
            )
        return tuple(value)

    def _optional_text(self, extras: Mapping[str, Any], name: str) -> str | None:
        value = extras.get(name)
        return None if value is None else str(value)

    def _refuse_twins(self, names: Sequence[str], what: str) -> None:
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            raise self._wrong(f"The {what} {', '.join(twins)} is there more than once")

    def _wrong(self, what: str, remedy: str | None = None) -> CercleError:
        place = f"{self._path} {self._place}".strip()
        return CercleError(
            what, where=place, remedy=remedy or "Mend the contract; docs/contracts.md explains it"
        )
