"""The flow runs its steps in order, stops at the first that fails, and publishes nothing then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cercle import build_lock, db, flow
from cercle.dbt_results import DbtResult
from cercle.errors import EXIT_DIFFERENCE, CercleError
from cercle.flow import publish
from cercle.preparation import prepare
from cercle.settings import Settings
from mini_project import a_mart, built, deliver, make_warehouse, no_identity, some_orders


@dataclass
class Check:
    results: tuple[str, ...] = ("a rule",)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that ran. Ledger, checks and dbt are other tests' matter; the rest is real."""
    ran: list[str] = []

    def run_layer(settings: Settings, build_id: int, layer: str, *_: Any) -> DbtResult:
        assert build_lock.is_lock_held(settings)
        ran.append(layer)
        return DbtResult(())

    def check(settings: Settings, build_id: int) -> Check:
        ran.append("marts check")
        return Check()

    def publish_things(settings: Settings, build_id: int, *_: Any, **__: Any) -> Any:
        ran.append("publish")
        with db.connect(settings) as connection:
            connection.execute(
                "create table if not exists marts_build.things (id bigint primary key, value text)"
            )
            connection.execute("truncate marts_build.things")
            connection.execute("insert into marts_build.things values (2, 'new')")
            import json

            connection.execute(
                "insert into ops.build_marts values (%s, 'things', %s)",
                (build_id, json.dumps(a_mart().as_json())),
            )
        return publish(settings, build_id, apply_identity=no_identity)

    monkeypatch.setattr(flow, "append_ledger", lambda settings, build_id: ran.append("ledger") or 0)
    monkeypatch.setattr(flow, "run_layer", run_layer)
    monkeypatch.setattr(flow, "check_marts", check)
    monkeypatch.setattr(flow, "publish", publish_things)
    return ran


def things(settings: Settings) -> list[tuple]:
    with db.connect(settings) as connection:
        return connection.execute("select * from marts.things").fetchall()


def test_a_build_runs_every_step_in_order_under_one_lock(database: Settings, steps: list[str]) -> None:
    make_warehouse(database)
    said: list[flow.Progress] = []
    report = flow.build(database, on_progress=said.append)
    assert steps == ["ledger", "staging", "intermediate", "marts", "marts check", "publish"]
    assert [step.step for step in report.steps] == ["start", *steps]
    assert [progress.step for progress in said if progress.seconds is not None] == ["start", *steps]
    assert things(database) == [(2, "new")]
    assert not build_lock.is_lock_held(database)


@pytest.mark.parametrize("failing", ["append_ledger", "run_layer", "check_marts", "publish"])
def test_a_step_that_fails_ends_the_build_and_publishes_nothing(
    database: Settings, steps: list[str], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    publish(database, built(database, {a_mart(): "values (1, 'old')"}), apply_identity=no_identity)

    def fail(*_: Any, **__: Any) -> None:
        raise CercleError("A rule failed", exit_code=EXIT_DIFFERENCE)

    monkeypatch.setattr(flow, failing, fail)
    with pytest.raises(CercleError, match="A rule failed"):
        flow.build(database)
    assert things(database) == [(1, "old")]
    with db.connect(database) as connection:
        assert connection.execute(
            "select state, error from ops.builds order by build_id desc limit 1"
        ).fetchone() == (
            "failed",
            "A rule failed.",
        )
        assert connection.execute("select count(*) from ops.publications").fetchone() == (1,)


def test_an_interrupted_build_is_marked_as_failed(
    database: Settings, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_warehouse(database)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "check_marts", interrupt)
    with pytest.raises(KeyboardInterrupt):
        flow.build(database)
    with db.connect(database) as connection:
        assert connection.execute("select state, error from ops.builds").fetchall() == [
            ("failed", "KeyboardInterrupt")
        ]


def test_the_command_builds_and_reports(
    database: Settings, steps: list[str], cli: Callable[..., Any]
) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 3))
    answer = cli("build", "--as-of", "2025-12-31T23:59:59+01:00", "--json", settings=database)
    assert answer.exit_code == 0, answer.err
    assert answer.json["build"]["as_of"] == "2025-12-31T22:59:59+00:00"
    assert answer.json["build"]["new_load_count"] == 1
    assert answer.json["publication"]["changes"] == [
        {"relation": "things", "inserted": 1, "updated": 0, "deleted": 0, "rows": 1}
    ]
    told = cli("build", settings=database).out.splitlines()
    assert [line.split()[0] for line in told] == [
        "start",
        "ledger",
        "staging",
        "intermediate",
        "marts",
        "marts",
        "publish",
    ]
    assert cli("build", "--as-of", "2025-12-31", settings=database).exit_code == 2


def test_a_second_run_is_told_who_builds(
    database: Settings, steps: list[str], cli: Callable[..., Any]
) -> None:
    make_warehouse(database)
    with (
        db.connect(database, autocommit=True, application_name="cercle anne@till pid 9") as other,
        db.advisory_lock(other, build_lock.BUILD_LOCK),
    ):
        answer = cli("build", "--wait", "0", settings=database)
    assert answer.exit_code == 5
    assert "anne@till pid 9" in answer.err
    assert steps == []


def test_a_company_database_is_not_migrated_unasked(database: Settings) -> None:
    built(database, {})
    with db.connect(database) as connection:
        connection.execute(
            "delete from ops.migrations where version = (select max(version) from ops.migrations)"
        )
    with pytest.raises(CercleError, match="cercle db migrate"):
        prepare(database)
