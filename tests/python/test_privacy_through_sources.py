"""`simulate --through-sources`: the example scenarios as deliveries, built and published, with the same answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cercle.load.normalise import normalise
from cercle.privacy.scenario_files import lost_on_the_way
from cercle.privacy.scenario_names import separate_scenarios
from cercle.settings import Settings

EXAMPLES = Path(__file__).parent / "fixtures" / "consent_scenarios.json"


@pytest.mark.slow
def test_every_example_is_answered_alike_when_it_comes_as_files(
    database: Settings, cli: Callable[..., Any]
) -> None:
    answer = cli("privacy", "simulate", str(EXAMPLES), "--through-sources", settings=database)
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert [line for line in lines if "expect" in line] == []
    assert answer.exit_code == 0
    assert lines[-1] == {
        "scenarios": 25, "checks": 83, "as_expected": 83, "different": 0, "without_expectation": 0, "not_asked": 0,
    }  # fmt: skip
    direct = cli("privacy", "simulate", str(EXAMPLES), settings=database)
    assert answer.out.splitlines()[:-1] == direct.out.splitlines()[:-1]
    with psycopg.connect(database.dsn or "") as connection:
        left = connection.execute("select datname from pg_database where datname like 'cercle_simulation_%'")
        assert left.fetchall() == []


def _scenario(*points: str) -> dict[str, Any]:
    return {
        "id": "S",
        "kind": "effective_state",
        "events": [
            {"id": f"e{place}", "type": "consent_given", "source_id": "web:u1", "contact_point": point}
            for place, point in enumerate(points)
        ],
        "queries": [],
    }


def _forms(scenario: Any) -> list[str | None]:
    return [normalise("contact_point", event["contact_point"], "FR").value for event in scenario["events"]]


def test_scenarios_get_contact_points_of_their_own_and_keep_their_spellings() -> None:
    points = (
        "email:Ana.Martin+shop@Gmail.com", "email: anamartin@gmail.com", "tel:+33 6 12 34 56 78", "tel:06.12.34.56.78",
        "tel:0033 (0)6 12 34 56 79", "addr:1 rue de l'Été, 75001 Paris", "addr: 1 RUE DE L'ETE 75001 PARIS",
        "social:@ana",
    )  # fmt: skip
    first, second = (_forms(scenario) for scenario in separate_scenarios([_scenario(*points)] * 2))
    alike = [
        (left, right) for left in range(len(points)) for right in range(left) if first[left] == first[right]
    ]
    assert alike == [(1, 0), (3, 2), (6, 5)]
    assert None not in first
    assert set(first) & set(second) == set()


def test_what_no_source_can_deliver_is_said() -> None:
    grant = {"id": "g", "type": "consent_given", "source_id": "web:u1", "occurred_at": "2026-03-01T09:00:00Z"}
    confirmed = {"id": "c", "type": "doi_confirmed", "for": "g", "occurred_at": "2026-03-02T09:00:00Z"}
    sale = {"occurred_at": "2026-03-01T09:00:00Z", "recorded_at": "2026-03-02T09:00:00Z"}
    assert lost_on_the_way({"events": [grant, {**confirmed, "source_id": "web:u1"}]}) is None
    assert "another system" in str(lost_on_the_way({"events": [grant, {**confirmed, "source_id": "pos:1"}]}))
    assert "later" in str(lost_on_the_way({"sales": [sale]}))
