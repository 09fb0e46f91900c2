"""Contracts are read strictly: a fault is a sentence that names the place and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from cercle.contracts import RAW_METADATA, load_contract
from cercle.errors import CercleError
from cercle.house import contact, email, marketing, phone, privacy, social, store

GOOD = """
apiVersion: v3.1.0
kind: DataContract
id: cercle.till
name: till
version: 1.2.3
status: active
description: {purpose: A till.}
schema:
  - name: tickets
    physicalName: till__tickets
    logicalType: object
    description: One row per version of a ticket.
    customProperties:
      - {property: delivery, value: upserts}
      - {property: versionColumn, value: updated_at}
      - {property: occurredAtColumn, value: sold_at}
      - {property: collectedFromSubject, value: kind=sale}
    properties:
      - name: shop
        description: Shop.
        logicalType: string
        physicalType: text
        required: true
        primaryKey: true
        primaryKeyPosition: 2
      - name: ticket
        description: Number.
        logicalType: string
        physicalType: text
        required: true
        primaryKey: true
        primaryKeyPosition: 1
      - {name: updated_at, description: Version., logicalType: timestamp, physicalType: timestamptz, required: true}
      - {name: sold_at, description: When., logicalType: timestamp, physicalType: timestamptz}
      - name: kind
        description: Kind.
        logicalType: string
        physicalType: text
        customProperties: [{property: acceptedValues, value: [sale, return]}]
      - name: price
        description: Price.
        logicalType: number
        physicalType: numeric
        classification: personal
        customProperties: [{property: semanticType, value: money}, {property: sourceColumn, value: [Prix, Price]}]
"""


TEXT = "logicalType: string\n        physicalType: text"
NUMBER = "logicalType: number\n        physicalType: numeric"
KEY = "required: true\n        primaryKey"


def of_entity(property_and_value: str) -> str:
    """The contract with one more custom property of the entity."""
    more = f"- {{{property_and_value}}}\n      - {{property: occurred"
    return GOOD.replace("- {property: occurred", more)


def of_price(property_and_value: str) -> str:
    """The contract with one more custom property of the column price."""
    return GOOD.replace("value: money}", f"value: money}}, {{{property_and_value}}}")


def written(folder: Path, text: str) -> Path:
    path = folder / "contract.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_contract_is_read(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, GOOD))
    assert (contract.name, contract.version, contract.purpose) == ("till", "1.2.3", "A till.")
    entity = contract.entity("tickets")
    assert (entity.relation, entity.raw_relation, entity.delivery) == (
        "till__tickets",
        "raw.till__tickets",
        "upserts",
    )
    assert [column.name for column in entity.key_columns] == ["ticket", "shop"]
    assert [column.name for column in entity.money_columns] == ["price"]
    assert (entity.version_column, entity.occurred_at_column) == ("updated_at", "sold_at")
    assert entity.collected_from_subject == "kind=sale"
    assert entity.column("kind").accepted_values == ("sale", "return")
    assert entity.column("price").source_names == ("Prix", "Price")
    assert entity.column("price").is_personal
    assert entity.column("ticket").source_names == ("ticket",)
    with pytest.raises(CercleError, match="Its entities are tickets"):
        contract.entity("orders")


FAULTS = {
    "no YAML": (GOOD + "\n  - [", "not valid YAML"),
    "a list": ("- a", "must be a mapping"),
    "another kind": (GOOD.replace("DataContract", "DataProduct"), "kind: DataContract"),
    "an old standard": (GOOD.replace("v3.1.0", "v2.2.0"), "apiVersion: v3.1.0"),
    "a name with capitals": (GOOD.replace("name: till", "name: Till"), "lower case"),
    "no version": (GOOD.replace("1.2.3", "one"), "version must be like 1.0.0; got 'one'"),
    "no entity": (GOOD[: GOOD.index("schema:")], "at least one entity"),
    "another table": (GOOD.replace("till__tickets", "till__ticket"), "physicalName must be till__tickets"),
    "no description": (GOOD.replace("description: Shop.", "description: ''"), "description is missing"),
    "an unknown type": (
        GOOD.replace("string\n        physicalType: text", "string\n        physicalType: uuid"),
        "got string/uuid",
    ),
    "types that do not fit": (
        GOOD.replace("logicalType: number", "logicalType: string"),
        "got string/numeric",
    ),
    "a column of ours": (GOOD.replace("name: kind", "name: _kind"), "letters, digits and _"),
    "a column twice": (GOOD.replace("name: kind", "name: price"), "price is there more than once"),
    "a name in files twice": (GOOD.replace("[Prix, Price]", "[Prix, KIND]"), "kind is there more than once"),
    "an unknown property": (GOOD.replace("versionColumn", "versionColum"), "got 'versionColum'"),
    "an unknown property of a column": (
        GOOD.replace("acceptedValues", "allowedValues"),
        "got 'allowedValues'",
    ),
    "an unknown semantic type": (GOOD.replace("value: money", "value: moneys"), "got 'moneys'"),
    "money that is text": (
        GOOD.replace(
            "logicalType: number\n        physicalType: numeric",
            "logicalType: string\n        physicalType: text",
        ),
        "money needs physicalType numeric",
    ),
    "an unknown delivery": (
        GOOD.replace("value: upserts", "value: weekly"),
        "must be one of events, upserts; got 'weekly'",
    ),
    "a full snapshot": (GOOD.replace("value: upserts", "value: full_snapshot"), "comes with a later version"),
    "a version that is no column": (
        GOOD.replace("value: updated_at", "value: updated"),
        "no column 'updated'",
    ),
    "upserts without a version": (
        re.sub(r"\n +- \{property: versionColumn.*", "", GOOD),
        "upserts need a versionColumn",
    ),
    "upserts without a key": (re.sub(r"\n +primaryKey.*", "", GOOD), "upserts need a primary key"),
    "a key with a hole": (GOOD.replace("primaryKeyPosition: 2", "primaryKeyPosition: 3"), "got [1, 3]"),
    "a key that may be empty": (
        GOOD.replace("required: true\n        primaryKey", "required: false\n        primaryKey", 1),
        "shop",
    ),
    "a partition beside a key": (
        of_entity("property: partitionColumn, value: shop"),
        "without a key",
    ),
    "a partition that may be empty": (
        re.sub(r"\n +primaryKey.*", "", of_entity("property: partitionColumn, value: kind")),
        "partitionColumn must be required",
    ),
    "an encoding of two bytes": (
        of_entity("property: encoding, value: utf-16"),
        "got 'utf-16'",
    ),
    "a long delimiter": (
        of_entity("property: delimiter, value: '||'"),
        "one ASCII sign",
    ),
    "values that YAML reads as truths": (
        GOOD.replace("[sale, return]", "[yes, no]"),
        "Quote yes, no and numbers",
    ),
    "a rule about no column": (GOOD.replace("kind=sale", "channel=sale"), "got 'channel=sale'"),
    "a decimal sign of its own": (
        of_price("property: decimalSeparator, value: ;"),
        "must be . or ,",
    ),
    "a date order of its own": (
        of_price("property: dateOrder, value: ydm"),
        "got 'ydm'",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    text, sentence = FAULTS[name]
    assert text != GOOD
    path = written(tmp_path, text)
    with pytest.raises(CercleError) as caught:
        load_contract(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CercleError, match="cannot be read"):
        load_contract(tmp_path / "nothing.yaml")


def test_an_order_dependent_source_says_so(tmp_path: Path) -> None:
    text = GOOD.replace(
        "property: versionColumn, value: updated_at", "property: isOrderDependent, value: true"
    )
    assert load_contract(written(tmp_path, text)).entity("tickets").is_order_dependent


@pytest.mark.parametrize(
    "plugin", [store, social, email, phone, contact, marketing, privacy], ids=lambda p: p.name
)
def test_house_contracts_keep_the_house_rules(plugin: object) -> None:
    contract = plugin.contract  # type: ignore[attr-defined]
    for entity in contract.entities:
        assert entity.description.startswith("One row per "), entity.name
        assert entity.is_keyed
        # The relation that staging reads has room for what the loader adds.
        assert not {column.name for column in entity.columns} & set(RAW_METADATA)
        amounts = [column for column in entity.columns if column.name.endswith("_amount")]
        assert all(column.semantic_type == "money" for column in amounts)
        assert not amounts or entity.column("currency_code")
    document = yaml.safe_load(contract.path.read_text(encoding="utf-8"))
    assert document["status"] == "active"
