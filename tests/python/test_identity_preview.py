"""`cercle identity preview`: what other rules would merge and split, and that nothing changes by asking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Answer
from projects import World

Ask = Callable[[str], Answer]


@pytest.fixture
def ask(world: World, cli: Callable[..., Answer], tmp_path: Path) -> Ask:
    """Preview rules that are written as the lines of a CSV file."""

    def call(lines: str) -> Answer:
        path = tmp_path / "rules.csv"
        path.write_text(lines + "\n", encoding="utf-8")
        return cli("identity", "preview", str(path), "--json", settings=world.settings)

    return call


def customers(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "select record_key, customer_id from identity.record_customers where known_to = 'infinity' order by 1"
    )


def test_rules_that_stand_change_nothing(world: World, ask: Ask) -> None:
    found = ask("identifier_type,people_limit\nemail,1").json
    assert found["customer_count"] == found["coming_count"] > 500
    assert found["merges"] == found["splits"] == []
    assert found["gained_count"] == found["lost_count"] == 0


def test_a_limit_of_no_people_splits_and_leaves_what_stands_alone(world: World, ask: Ask) -> None:
    before = customers(world)
    tables = world.rows("select relname, relfilenode from pg_class where relname like 'int\\_%%' order by 1")
    found = ask("identifier_type,people_limit,split_limit\nemail,0,0\nphone,0,0").json
    assert found["splits"]
    assert found["lost_count"] > 0
    standing = dict(before)
    for split in found["splits"][:5]:
        assert split["customer_id"] in set(standing.values())
        assert len(split["other_ids"]) > 1
    assert customers(world) == before
    assert (
        world.rows("select relname, relfilenode from pg_class where relname like 'int\\_%%' order by 1")
        == tables
    )
    assert world.rows("select to_regnamespace('identity_preview')") == [(None,)]


def test_what_joins_more_merges(world: World, ask: Ask) -> None:
    found = ask("identifier_type,joins\norder,alone\ncase,alone").json
    assert found["merges"]
    assert found["gained_count"] > 0
    known = {customer_id for _, customer_id in customers(world)}
    assert known.issuperset(found["merges"][0]["other_ids"])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("identifier_type,people_limit\npigeon,1", "no such identifier type"),
        ("identifier_type,pigeons\nemail,1", "no column pigeons"),
        ("identifier_type,people_limit", "no rows"),
    ],
    ids=["type", "column", "empty"],
)
def test_rules_that_cannot_be_are_refused(world: World, ask: Ask, lines: str, said: str) -> None:
    answer = ask(lines)
    assert answer.exit_code != 0
    assert said in answer.json["error"]["what"]
    assert world.rows("select to_regnamespace('identity_preview')") == [(None,)]
