"""JSON by the paths of a contract: every row of every document is stored or rejected, whatever the document's shape."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cercle.contracts import load_contract
from cercle.errors import CercleError
from cercle.load import json_document, load_file, load_landing
from cercle.settings import Settings
from cercle.sources import Source
from load_support import (
    own_source,
    query,
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
)

SHOP = """
- name: orders
  description: One row per order.
  customProperties:
    - {property: delivery, value: events}
    - {property: rowPath, value: ["orders[]", order, .]}
    - {property: fieldsLeftOut, value: [token]}
  properties:
    - {name: order_id, description: Order., logicalType: string, physicalType: text, required: true, primaryKey: true,
       customProperties: [{property: sourceColumn, value: id}]}
    - {name: email, description: E-mail., logicalType: string, physicalType: text,
       customProperties: [{property: sourceColumn, value: [email, customer.email]}]}
    - {name: ordered_at, description: Moment., logicalType: timestamp, physicalType: timestamptz,
       customProperties: [{property: sourceColumn, value: at}, {property: timeFormat, value: epoch}]}
    - {name: sent_at, description: Moment., logicalType: timestamp, physicalType: timestamptz,
       customProperties: [{property: sourceColumn, value: sent}, {property: timeFormat, value: rfc_2822}]}
    - {name: tags, description: Tags., logicalType: object, physicalType: jsonb}
- name: lines
  description: One row per line.
  customProperties:
    - {property: delivery, value: events}
    - {property: rowPath, value: ["orders[].lines[]", "order.lines[]", "lines[]"]}
    - {property: deliveredWith, value: orders}
  properties:
    - {name: order_id, description: Order., logicalType: string, physicalType: text, required: true, primaryKey: true,
       primaryKeyPosition: 1, customProperties: [{property: sourceColumn, value: ^id}]}
    - {name: line_id, description: Line., logicalType: integer, physicalType: bigint, required: true, primaryKey: true,
       primaryKeyPosition: 2, customProperties: [{property: sourceColumn, value: id}]}
    - {name: email, description: E-mail., logicalType: string, physicalType: text,
       customProperties: [{property: sourceColumn, value: ^customer.email}]}
"""
ORDERS = [
    {
        "id": 1,
        "email": "",
        "customer": {"email": "a@exemple.fr"},
        "at": 1461095246,
        "tags": "one",
        "token": "x",
    },
    {
        "id": 2,
        "email": "b@exemple.fr",
        "at": 1461095246000,
        "sent": "Tue, 31 Aug 2010 20:36:28 +0200",
        "new": 1,
    },
    {"id": 3, "at": 1461095246.5, "lines": [{"id": 7}, {"id": 8}], "customer": {"email": "c@exemple.fr"}},
]
AS_READ = [
    ("1", "a@exemple.fr", "2016-04-19 19:47:26", None, "one", None),
    ("2", "b@exemple.fr", "2016-04-19 19:47:26", "2010-08-31 18:36:28", None, {"new": 1}),
    ("3", "c@exemple.fr", "2016-04-19 19:47:26.5", None, None, {"lines": [{"id": 7}, {"id": 8}]}),
]

_numbers = itertools.count()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Source]:
    """A source of its own for each test."""
    with own_source(tmp_path, SHOP, name=f"shop_{next(_numbers)}") as source:
        yield source


def orders_of(settings: Settings, source: Source) -> list[tuple[object, ...]]:
    moments = ", ".join(f"({name} at time zone 'UTC')::text" for name in ("ordered_at", "sent_at"))
    return query(
        settings,
        f"select order_id, email, {moments}, tags, _extra from raw.{source.name}__orders order by _line",
    )


SHAPES = {
    "a page": json.dumps({"orders": ORDERS, "next_page": None}),
    "a page over several lines": json.dumps({"orders": ORDERS}, indent=2),
    "an array": json.dumps(ORDERS),
    "an array over several lines": "[" + ",\n".join(map(json.dumps, ORDERS)) + "]",
    "an object per line": "\n".join(map(json.dumps, ORDERS)),
    "a page per line": "\n".join(json.dumps({"orders": [order]}) for order in ORDERS),
    "an object in its envelope per line": "\r\n".join(json.dumps({"order": order}) for order in ORDERS)
    + "\n\n",
    "a byte order mark": "\ufeff" + json.dumps({"orders": ORDERS}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_shape_of_the_document_does_not_matter(
    shape: str, shop: Source, shared: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "orders.json.gz"
    path.write_bytes(gzip.compress(SHAPES[shape].encode()))
    result = load_file(shared, shop, path, "orders")
    assert (result.read_count, result.stored_count) == (3, 3), result
    assert orders_of(shared, shop) == AS_READ
    assert result.extra_columns == ("lines", "new")  # and not the token
    lines = load_file(shared, shop, path, "lines")
    assert (lines.read_count, lines.stored_count) == (2, 2)
    assert query(shared, f"select order_id, line_id, email from raw.{shop.name}__lines order by line_id") == [
        ("3", 7, "c@exemple.fr"),
        ("3", 8, "c@exemple.fr"),
    ]


def test_what_is_no_row_is_rejected_alone(shop: Source, shared: Settings, tmp_path: Path) -> None:
    lines = [
        '{"id": 1}',
        "{broken",
        '{"id": 2, "at": "soon"}',
        "17",
        '{"orders": [{"id": 3}, null, 4]}',
        '{"at": 1}',
    ]
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    result = load_file(shared, shop, path, "orders")
    assert (result.read_count, result.stored_count, result.rejected_count) == (8, 2, 6)
    assert rejected(shared, result.load_id) == [
        (2, "bad_json"),
        (3, "bad_timestamp"),
        (4, "not_an_object"),
        (6, "not_an_object"),
        (7, "not_an_object"),
        (8, "missing_value"),
    ]


def test_a_large_document_is_refused_and_large_lines_are_not(
    shop: Source, shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_document, "_LARGEST_DOCUMENT", 100)
    path = tmp_path / "orders.json"
    path.write_text(SHAPES["a page over several lines"], encoding="utf-8")
    result = load_file(shared, shop, path, "orders")
    assert result.state == "refused"
    assert "one object per line" in result.message
    path.write_text(SHAPES["an object per line"], encoding="utf-8")
    result = load_file(shared, shop, path, "orders")
    assert orders_of(shared, shop) == AS_READ


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"  \n", "blanks"),
        (b"PK\x03\x04rest", "zip"),
        (json.dumps({"orders": []}).encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_json_is_refused(
    content: bytes, sentence: str, shop: Source, shared: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "orders.json"
    path.write_bytes(content)
    result = load_file(shared, shop, path, "orders")
    assert result.state == "refused"
    assert sentence in result.message


def test_one_file_is_loaded_for_every_entity_that_stands_in_it(
    shop: Source, shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(shared, landing_dir=tmp_path / "landing")
    folder = settings.landing_dir / shop.name / "orders"
    folder.mkdir(parents=True)
    (folder / "page.json").write_text(SHAPES["a page"], encoding="utf-8")
    monkeypatch.setattr("cercle.load.landing.configured_sources", lambda _: {shop.name: shop})
    results = load_landing(settings)
    assert [(result.entity, result.stored_count) for result in results] == [("orders", 3), ("lines", 2)]
    assert load_landing(settings) == []
    # Where the second is refused, so is the file: a mended contract makes it new, and the first entity is then known.
    (folder / "next.json").write_text(SHAPES["an array"].replace('"id": 3', '"id": 4'), encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setattr(json_document._Value, "read", fails_for_lines(json_document._Value.read))
        results = load_landing(settings)
    assert [result.state for result in results] == ["loaded", "refused"]
    outcomes = "select outcome from ops.landing_files where source = %s order by path"
    assert query(shared, outcomes, shop.name) == [("refused",), ("loaded",)]


def fails_for_lines(read: object) -> object:
    def failing(value: json_document._Value, chain: object) -> object:
        if value.name == "^id":
            raise ValueError
        return read(value, chain)  # type: ignore[operator]

    return failing


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"orders[]", order, .', '"orders[0]"', "rowPath must be like"),
        ("value: ^customer.email", "value: customer/email", "sourceColumn of email must be like"),
        ("timeFormat, value: epoch", "timeFormat, value: unix", "timeFormat must be one of epoch, rfc_2822"),
        (
            "name: tags, description: Tags., logicalType: object, physicalType: jsonb",
            "name: tags, description: Tags., logicalType: object, physicalType: jsonb, "
            "customProperties: [{property: timeFormat, value: epoch}]",
            "timeFormat is for timestamptz",
        ),
        ('    - {property: rowPath, value: ["orders[]", order, .]}\n', "", "are for entities with a rowPath"),
        (
            "value: at}, {property: timeFormat, value: epoch}",
            "value: at}, {property: valuePrefix, value: x}",
            "valuePrefix is for text columns",
        ),
        (
            "deliveredWith, value: orders",
            "deliveredWith, value: lines",
            "deliveredWith must be one of orders",
        ),
        ("{property: deliveredWith, value: orders}", "{property: delimiter, value: ;}", "are for CSV files"),
    ],
)
def test_a_fault_in_the_paths_is_told(old: str, new: str, sentence: str, tmp_path: Path) -> None:
    assert old in SHOP
    with own_source(tmp_path, SHOP.replace(old, new)) as source, pytest.raises(CercleError, match=sentence):
        load_contract(source.plugin.contract_path)
