"""Loading on arrival and building when all have delivered: in a real triggerer, and each decision by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from airflow_support import Running, airflow, failed_task_logs, wait_for
from cercle import db
from cercle.settings import Settings
from load_support import note_load

ROWS = """customer_ref,updated_at,kind,first_name,last_name,email
1,2026-01-01T10:00:00Z,loyalty,Anne,Petit,anne.petit@exemple.fr
2,2026-01-03T10:00:00Z,loyalty,Luc,Morel,luc@exemple.fr
"""
# The store's files come to an object store (of Airflow's kind, on this disk); a build waits for the social network too.
DAGS = '''"""Airflow DAGs that files start."""

from datetime import timedelta
from pathlib import Path

from cercle.airflow import Arrival, TaskOptions, build_dags

PROJECT = Path(__file__).resolve().parents[1]

globals().update(
    build_dags(
        PROJECT,
        sources=["store", "social"],
        load_schedule={"store": Arrival(f"file://{PROJECT.parent / 'bucket'}", seconds=5)},
        options=TaskOptions(
            retry_delay=timedelta(seconds=2),
            build_window=timedelta(seconds=25),
            build_schedule="0 0 1 1 *",
            privacy_schedule=None,
            upkeep_schedule=None,
            watch_schedule=None,
        ),
    )
)
'''


@pytest.fixture
def trigger(tmp_path: Path) -> Any:
    """A function that waits for files below a folder, and returns whether one arrived."""
    from cercle.airflow.arrival_trigger import FilesTrigger, stamp

    def wait(change: Any, known: str | None = None, seconds: float = 2.0) -> bool:
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        made = FilesTrigger(str(tmp_path), None, stamp(tmp_path) if known is None else known, 0.05, until)
        path, arguments = made.serialize()
        assert path == "cercle.airflow.arrival_trigger.FilesTrigger"
        again = FilesTrigger(**arguments)

        async def run() -> bool:
            changing = asyncio.create_task(change()) if change else None
            event = await anext(again.run())
            if changing:
                changing.cancel()
            return bool(event.payload["arrived"])

        return asyncio.run(run())

    return wait


def test_a_new_file_is_noticed_when_it_has_stopped_growing(tmp_path: Path, trigger: Any) -> None:
    written = []

    async def grow() -> None:
        for part in range(10):
            with (tmp_path / "1.csv").open("a") as file:
                file.write(f"{part}\n")
            written.append(part)
            await asyncio.sleep(0.04)

    assert trigger(grow)
    assert len(written) == 10, "a file that grows is not taken"


def test_nothing_unfinished_or_hidden_and_nothing_known_is_an_arrival(tmp_path: Path, trigger: Any) -> None:
    (tmp_path / "known.csv").write_text("1")

    async def clutter() -> None:
        (tmp_path / "1.csv.part").write_text("1")
        (tmp_path / ".2.csv").write_text("1")

    assert not trigger(clutter, seconds=0.5)
    assert trigger(None, known=""), "what is new already is waited for until it is quiet, no longer"


def test_what_the_store_has_is_fetched_once_and_again_when_it_changed(
    database: Settings, tmp_path: Path
) -> None:
    from cercle.airflow.arrival import Arrival, FetchFilesOperator
    from cercle.load import load_landing

    bucket = tmp_path / "bucket"
    (bucket / "customers").mkdir(parents=True)
    (bucket / "customers" / "1.csv").write_text(ROWS)
    (bucket / "customers" / "2.csv.part").write_text("half")
    fetch = FetchFilesOperator(task_id="fetch", source="store", arrival=Arrival(f"file://{bucket}"))
    context: Any = {}
    assert fetch.run_step(database, context) == 1
    assert fetch.run_step(database, context) == 0
    (loaded,) = load_landing(database)
    assert (loaded.state, loaded.stored_count) == ("loaded", 2)
    landed = database.landing_dir / "store" / "customers" / "1.csv"
    landed.unlink()
    assert fetch.run_step(database, context) == 0, "retention took it; it was loaded"
    (bucket / "customers" / "1.csv").write_text(ROWS.replace("Luc", "Luce"))
    assert fetch.run_step(database, context) == 1
    assert "Luce" in landed.read_text()
    assert not list(database.landing_dir.rglob("*.part"))


def test_a_build_waits_for_all_sources_no_longer_than_the_window(
    database: Settings, connection: psycopg.Connection
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

    from cercle.airflow.arrival import AwaitSourcesOperator

    wait = AwaitSourcesOperator(task_id="wait", sources=("store", "social"), window=timedelta(hours=1))
    context: Any = {"dag_run": SimpleNamespace(run_type="asset_triggered")}
    with pytest.raises(AirflowSkipException):
        wait.run_step(database, context)
    by_hand: Any = {"dag_run": SimpleNamespace(run_type="manual")}
    assert wait.run_step(database, by_hand) == [], "who asks for a build gets one"
    note(connection, "store", minutes=50)
    with pytest.raises(TaskDeferred) as deferred:
        wait.run_step(database, context)
    moment = deferred.value.trigger.moment
    assert timedelta(seconds=60) < moment - datetime.now(UTC) < timedelta(seconds=100), (
        "some forty looks a window"
    )
    note(connection, "social", minutes=1, state="quarantined")
    with pytest.raises(TaskDeferred):
        wait.run_step(database, context)
    note(connection, "email", minutes=0)
    connection.execute(
        "update ops.loads set loaded_at = now() - interval '61 minutes' where source = 'store'"
    )
    connection.commit()
    assert wait.run_step(database, context) == ["social"], "the window is over"
    connection.execute("update ops.loads set state = 'released' where source = 'social'")
    connection.execute("update ops.loads set loaded_at = now() where source = 'store'")
    connection.commit()
    assert wait.run_step(database, context) == [], "all are there"


def note(connection: psycopg.Connection, source: str, minutes: int, state: str = "checked") -> None:
    """A delivery of so many minutes ago."""
    note_load(connection, f"{source}/customers/1", state, datetime.now(UTC) - timedelta(minutes=minutes))
    connection.commit()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_clock_a_file_in_a_store_and_a_backfill_start_builds(tmp_path: Path) -> None:
    """Nobody triggers anything: a file goes through triggerer, loading and window. Then Airflow's own backfill.

    There is no dbt here, so that a build ends soon after it began, as failed: what starts it, when, and as of which
    moment is what is asked.
    """
    with airflow(tmp_path, DAGS, dbt_executable="/nowhere/dbt") as running:
        run_id, _, _ = build(running, 1)
        assert run_id.startswith("scheduled__"), "the clock builds, also when nothing has come"
        waits = "dags/cercle_load_store/dagRuns/~/taskInstances?task_id=await_files&state=deferred"
        wait_for("the wait", lambda: running.ask(waits)["task_instances"], 180)

        bucket = running.settings.home / "bucket" / "customers"
        bucket.mkdir(parents=True)
        (bucket / "1.csv").write_text(ROWS)
        run_id, started_at, _ = build(running, 2)
        assert run_id.startswith("asset_triggered__")
        ((loaded_at,),) = asked(running, "select loaded_at from ops.loads where stored_count = 2")
        assert started_at - loaded_at > timedelta(seconds=25), "the window was waited for: social never came"

        year = {"from_date": "2024-01-01T00:00:00Z", "to_date": "2024-01-02T00:00:00Z"}
        running.ask("backfills", {"dag_id": "cercle_build", **year, "run_on_latest_version": True})
        run_id, _, as_of = build(running, 3)
        assert run_id.startswith("backfill__")
        assert as_of == datetime(2025, 1, 1, tzinfo=UTC), "the end of the interval, which is a year"


def build(running: Running, number: int) -> tuple[str, datetime, datetime]:
    """Wait until a build has begun; return its run, when that was, and its moment."""
    query = f"select run_id, started_at, as_of from ops.builds order by build_id offset {number - 1}"
    try:
        found: list[tuple[str, datetime, datetime]] = wait_for(
            f"build {number}", lambda: asked(running, query), 200
        )
    except AssertionError as error:
        raise AssertionError(failed_task_logs(running.settings)) from error
    return found[0]


def asked(running: Running, query: str) -> list[tuple[Any, ...]]:
    with db.connect(running.settings) as connection:
        return connection.execute(query.encode()).fetchall()
