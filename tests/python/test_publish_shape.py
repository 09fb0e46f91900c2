"""The shape of a mart is read from its contract, and a contract that cannot be published is refused in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from cercle.errors import CercleError
from cercle.publish import Column, ForeignKey, Index, marts_from_manifest
from cercle.publish.shape import mart_from_json


def node(name: str = "things", **changes: Any) -> dict[str, Any]:
    """A model as dbt's manifest has it."""
    columns = changes.pop("columns", {"id": {"data_type": "text"}, "value": {"data_type": "int"}})
    return {
        "unique_id": f"model.p.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": "marts_build",
        "original_file_path": f"models/marts/{name}.sql",
        "description": "One row per thing.",
        "config": {"materialized": "table", "contract": {"enforced": True}, **changes.pop("config", {})},
        "constraints": [{"type": "primary_key", "columns": ["id"]}],
        "columns": {key: {"name": key, **column} for key, column in columns.items()},
        **changes,
    }


def manifest(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {each["unique_id"]: each for each in nodes}}


def test_everything_that_a_contract_says_is_read() -> None:
    things = node(
        columns={
            "id": {
                "data_type": "text",
                "description": "Its id. ",
                "config": {"meta": {"entity": "customer"}},
            },
            "other_id": {
                "data_type": "text",
                "meta": {"entity": "derived"},
                "tags": ["personal"],
                "config": {"tags": ["run_metadata"]},
                "constraints": [{"type": "not_null"}, {"type": "unique"}],
            },
        },
        config={
            "tags": ["history"],
            "indexes": [{"columns": ["other_id"], "type": "hash"}],
            "meta": {"foreign_keys": [{"columns": ["other_id"], "to": "others", "to_columns": ["id"]}]},
        },
        constraints=[
            {"type": "primary_key", "columns": ["id"]},
            {"type": "check", "columns": [], "expression": "id <> ''"},
        ],
    )
    others, mart = marts_from_manifest(manifest(things, node("others")))
    assert others.relation == "others"
    assert mart.columns == (
        Column("id", "text", "Its id.", True, (), "customer"),
        Column("other_id", "text", "", True, ("derived", "personal", "run_metadata"), None),
    )
    assert mart.primary_key == ("id",)
    assert mart.uniques == (("other_id",),)
    assert mart.checks == ("id <> ''",)
    assert mart.foreign_keys == (ForeignKey(("other_id",), "others", ("id",)),)
    assert mart.indexes == (Index(("other_id",), "hash"),)
    assert mart.is_history
    assert mart.comment == "One row per thing.\n\nModel: model.p.things"
    assert mart.compared_columns == ()
    assert mart_from_json(mart.as_json()) == mart


def test_models_of_other_schemas_and_other_nodes_are_no_marts() -> None:
    assert (
        marts_from_manifest(
            manifest(
                node("staged", schema="staging"),
                node("tested", resource_type="test"),
                node("inlined", config={"materialized": "ephemeral"}),
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"config": {"contract": {"enforced": False}}}, "its contract is not enforced"),
        ({"constraints": []}, "has 0 primary keys"),
        ({"alias": "Things"}, "lower case"),
        ({"columns": {"id": {"data_type": "json"}}}, "Use jsonb"),
        ({"columns": {"id": {"data_type": "text", "meta": {"entity": "person"}}}}, "entity 'person'"),
        ({"config": {"indexes": [{"columns": ["id"], "type": "best"}]}}, "got 'best'"),
        ({"config": {"indexes": [{"columns": ["nothing"]}]}}, "columns that it has not: nothing"),
        ({"config": {"meta": {"foreign_keys": [{"columns": ["id"], "to": "others"}]}}}, "lacks to_columns"),
        (
            {
                "config": {
                    "meta": {"foreign_keys": [{"columns": ["id"], "to": "nowhere", "to_columns": ["id"]}]}
                }
            },
            "goes to nowhere, which is no mart",
        ),
        (
            {
                "config": {
                    "meta": {"foreign_keys": [{"columns": ["id"], "to": "others", "to_columns": ["value"]}]}
                }
            },
            "whose primary key is id",
        ),
    ],
)
def test_a_contract_that_cannot_be_published_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CercleError, match=sentence):
        marts_from_manifest(manifest(node("others"), node(**changes)))


def test_two_models_of_one_name_are_refused() -> None:
    with pytest.raises(CercleError, match=r"Two models are published as marts\.things"):
        marts_from_manifest(manifest(node(), node("more", alias="things")))
