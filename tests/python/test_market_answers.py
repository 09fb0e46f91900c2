"""Every analysis of M1–M28 on a simulated world against the same answer counted from its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from cercle.paths import package_root
from cercle.settings import Settings
from market_facts import Facts
from market_oracle import QUESTIONS_OF_CONTACTS, Answers, Question
from market_oracle_social import QUESTIONS_OF_NETWORKS
from projects import World, make_world

QUESTIONS = {**QUESTIONS_OF_CONTACTS, **QUESTIONS_OF_NETWORKS}


@pytest.fixture(scope="module")
def facts(whole_world: World) -> Facts:
    """The plan's facts of the world that all tests read."""
    return _facts(whole_world)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_an_analysis_equals_the_plan(whole_world: World, facts: Facts, name: str) -> None:
    _compare(whole_world, facts, name)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 101])
def test_every_analysis_equals_the_plan_of_other_worlds(
    make_database: Callable[..., Settings], seed: int
) -> None:
    world = make_world(make_database(), seed=seed)
    facts = _facts(world)
    for name in QUESTIONS:
        _compare(world, facts, name)


def _facts(world: World) -> Facts:
    """The plan's facts, with the marts' own word on which records are one customer's."""
    customers = dict(world.rows("select record_key, customer_id from intermediate.int_record_customers"))
    return Facts(world.truth, world.as_of, customers)


def _compare(world: World, facts: Facts, name: str) -> None:
    question = QUESTIONS[name]
    expected = question.oracle(facts)
    assert expected
    found = _read(world, name, question)
    if question.is_part:
        found = {key: figures for key, figures in found.items() if key in expected}
    assert found == expected, name


def _read(world: World, name: str, question: Question) -> Answers:
    text = (package_root() / "analyses" / f"{name}.sql").read_text(encoding="utf-8")
    totals: dict[Any, list[Any]] = defaultdict(lambda: [None] * len(question.figures))
    with psycopg.connect(world.settings.dsn or "", row_factory=dict_row) as connection:
        for row in connection.execute(text):
            figures = totals[tuple(row[column] for column in question.key)]
            for place, column in enumerate(question.figures):
                if row[column] is not None:
                    figures[place] = (figures[place] or Decimal(0)) + row[column]
    return {key: tuple(figures) for key, figures in totals.items()}
