"""`cercle privacy simulate`: the example scenarios, in any order, and worlds at random against an oracle."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cercle.errors import CercleError
from cercle.privacy.scenarios import read_scenarios
from cercle.privacy.simulation import simulate
from cercle.settings import Settings
from consent_oracle import World
from consent_worlds import random_scenario

EXAMPLES = Path(__file__).parent / "fixtures" / "consent_scenarios.json"
RANDOM_ORDERS = 20
RANDOM_WORLDS = 400
SEED = 20261122


def _shuffled(scenario: dict[str, Any], rng: random.Random, number: int) -> dict[str, Any]:
    """The same world, each of its lists in another order."""
    copy = {**scenario, "id": f"{scenario['id']} order {number}"}
    if scenario["kind"] == "chain":
        return copy
    for name, value in scenario.items():
        if isinstance(value, list) and name not in ("queries", "rows", "cases", "expect"):
            copy[name] = rng.sample(value, len(value))
    return copy


def test_every_example_is_answered_as_it_expects(database: Settings, cli: Callable[..., Any]) -> None:
    answer = cli("privacy", "simulate", str(EXAMPLES), settings=database)
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.exit_code == 0
    assert lines[-1] == {
        "scenarios": 25, "checks": 83, "as_expected": 83, "different": 0, "without_expectation": 0,
    }  # fmt: skip
    assert lines[0] == {"id": "S02", "query": 0, "decision": "DENY", "reason": "NO_BASIS"}
    assert {"id": "S54", "result": ["r5", "r8"]} in lines
    assert {"id": "S56", "result": {"clean": None, "tampered": 1, "dropped": 2}} in lines


def test_twenty_random_orders_give_the_same(connection: psycopg.Connection) -> None:
    rng = random.Random(SEED)
    examples = [dict(scenario) for scenario in read_scenarios(EXAMPLES)]
    worlds = [_shuffled(scenario, rng, number) for number in range(RANDOM_ORDERS) for scenario in examples]
    rng.shuffle(worlds)
    checks = simulate(connection, worlds)
    assert len(checks) == 83 * RANDOM_ORDERS
    assert [check.answer for check in checks if not check.is_as_expected] == []


def test_scenarios_do_not_see_one_another(connection: psycopg.Connection) -> None:
    """The same world with and without its events: the neighbours' events are not its own."""
    examples = [s for s in read_scenarios(EXAMPLES) if s["kind"] == "effective_state"]
    emptied = [{**s, "id": f"{s['id']} without events", "events": [], "sales": []} for s in examples]
    alone = [check.answer for s in emptied for check in simulate(connection, [s])]
    together = simulate(connection, [*examples, *emptied, *examples])
    assert [c.answer for c in together if str(c.answer["id"]).endswith("without events")] == alone
    assert all(check.is_as_expected for check in together if "without" not in str(check.answer["id"]))


def test_random_worlds_are_decided_as_the_oracle_does(connection: psycopg.Connection) -> None:
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    worlds = [random_scenario(rng, number) for number in range(RANDOM_WORLDS)]
    checks = {
        (check.answer["id"], check.answer["query"]): (check.answer["decision"], check.answer["reason"])
        for check in simulate(connection, worlds)
    }
    seen: Counter[str] = Counter()
    different = []
    for world in worlds:
        oracle = World(world)
        if oracle.is_tied:
            continue
        for number, question in enumerate(world["queries"]):
            expected = oracle.decide(question)
            seen[expected[1]] += 1
            if checks[world["id"], number] != expected:
                different.append((world["id"], number, expected, checks[world["id"], number]))
    assert different == []
    # The worlds are worth something: they meet the rules.
    assert len(seen) >= 25, seen


def test_a_difference_is_shown_and_exits_1(
    database: Settings, cli: Callable[..., Any], tmp_path: Path
) -> None:
    scenario = dict(next(s for s in read_scenarios(EXAMPLES) if s["id"] == "S02"))
    scenario["queries"] = [
        {**scenario["queries"][1], "expect": {"decision": "DENY"}},
        {k: v for k, v in scenario["queries"][1].items() if k != "expect"},
    ]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps([scenario]), encoding="utf-8")
    answer = cli("privacy", "simulate", str(path), settings=database)
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.exit_code == 1
    assert lines[0]["expect"] == {"decision": "DENY"}
    assert lines[-1] == {
        "scenarios": 1, "checks": 2, "as_expected": 0, "different": 1, "without_expectation": 1,
    }  # fmt: skip


def test_nothing_stays(connection: psycopg.Connection) -> None:
    def everything() -> list[Any]:
        schemas = connection.execute("select nspname from pg_namespace order by 1").fetchall()
        counts = [
            connection.execute(f"select count(*) from privacy.{name}").fetchone()
            for name in ("consent_events", "ledger_heads", "notice_versions", "policy_rules", "list_scrubs")
        ]
        connection.commit()
        return [schemas, counts]

    before = everything()
    simulate(connection, read_scenarios(EXAMPLES))
    assert everything() == before


def test_it_asks_the_policy_of_the_database(connection: psycopg.Connection) -> None:
    """A rule is a row: with its validity ended, the same scenario is decided otherwise."""
    scenario = next(s for s in read_scenarios(EXAMPLES) if s["id"] == "S32")
    assert all(check.is_as_expected for check in simulate(connection, [scenario]))
    connection.execute(
        "update privacy.policy_rules set valid_to = '2026-02-01' where basis = 'SOFT_OPT_IN' and channel = 'email'"
    )
    connection.commit()
    reasons = {check.answer["reason"] for check in simulate(connection, [scenario])}
    assert reasons == {"NO_BASIS"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is no JSON"),
        ("{}", "list of scenarios"),
        ('[{"id": "x", "kind": "guess"}]', "kind must be one of"),
        ('[{"kind": "load", "rows": []}]', "needs an id"),
        ('[{"id": "x", "kind": "export", "rows": []}]', "needs 'export_at'"),
    ],
)
def test_a_wrong_file_is_refused_with_a_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CercleError, match=sentence):
        read_scenarios(path)
