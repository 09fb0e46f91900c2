"""Every analysis of M1–M28 on a simulated world against the same answer counted from its plan."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from cercle.paths import package_root
from market_facts import Facts
from market_oracle import QUESTIONS_OF_CONTACTS, Answers, Question
from market_oracle_social import QUESTIONS_OF_NETWORKS
from projects import World

QUESTIONS = {**QUESTIONS_OF_CONTACTS, **QUESTIONS_OF_NETWORKS}


@pytest.fixture(scope="module")
def facts(whole_world: World) -> Facts:
    """The plan's facts, with the marts' own word on which records are one customer's."""
    customers = dict(
        whole_world.rows("select record_key, customer_id from intermediate.int_record_customers")
    )
    return Facts(whole_world.truth, whole_world.as_of, customers)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_an_analysis_equals_the_plan(whole_world: World, facts: Facts, name: str) -> None:
    question = QUESTIONS[name]
    expected = question.oracle(facts)
    assert expected
    found = _read(whole_world, name, question)
    if question.is_part:
        found = {key: figures for key, figures in found.items() if key in expected}
    assert found == expected


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
