"""A real Airflow with a scheduler: files start the build, others drive it over HTTP, and what is killed comes back."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_support import Running, airflow, failed_task_logs, wait_for
from cercle import db
from cercle.airflow import processes, standalone
from cercle.settings import Settings
from sinks import HookServer, serving

ROWS = """customer_ref,updated_at,kind,first_name,last_name,email
1,2026-01-01T10:00:00Z,loyalty,Anne,Petit,anne.petit@exemple.fr
2,2026-01-02T10:00:00Z,web_account,Anne,Petit,Anne.Petit@exemple.fr
3,2026-01-03T10:00:00Z,loyalty,Luc,Morel,luc@exemple.fr
"""
MORE_ROWS = """customer_ref,updated_at,kind,first_name,last_name,email
4,2026-01-04T10:00:00Z,loyalty,Zoé,Blanc,zoe@exemple.fr
"""
DAGS = '''"""Airflow DAGs that nothing but a trigger starts."""

from datetime import timedelta
from pathlib import Path

from cercle.airflow import TaskOptions, build_dags

globals().update(
    build_dags(
        Path(__file__).resolve().parents[1],
        load_schedule=None,
        options=TaskOptions(
            retry_delay=timedelta(seconds=2),
            deadline=timedelta(seconds=5),  # every build misses it
            pool="cercle_build",
            privacy_schedule=None,
            upkeep_schedule=None,
            watch_schedule=None,
        ),
    )
)
'''


@pytest.fixture(scope="module")
def hook() -> Iterator[HookServer]:
    """Takes what is told."""
    with serving(server := HookServer()):
        yield server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, hook: HookServer) -> Iterator[Running]:
    """An Airflow without a triggerer."""
    parts = ("api-server", "scheduler", "dag-processor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERCLE_NOTIFY", hook.url)
        with airflow(tmp_path_factory.mktemp("scheduled"), DAGS, parts) as found:
            yield found


def test_it_is_ready_within_a_minute(running: Running) -> None:
    assert running.seconds < 60
    pools = {pool["name"]: pool["slots"] for pool in running.ask("pools")["pools"]}
    assert pools["cercle_build"] == 1, "one build at a time, by a pool that nobody had to make"


@pytest.mark.timeout(600)
def test_a_loaded_file_starts_the_build_by_its_asset(running: Running) -> None:
    running.land("1.csv", ROWS)
    running.ask("dags/cercle_load_store/dagRuns", {"logical_date": None})
    run = wait_for(
        "the build", lambda: next(iter(running.ask("dags/cercle_build/dagRuns")["dag_runs"]), None), 120
    )
    assert run["run_type"] == "asset_triggered"
    run = running.follow("cercle_build", run["dag_run_id"])
    assert run["state"] == "success", failed_task_logs(running.settings)
    with db.connect(running.settings) as connection:
        published = connection.execute("select count(*) from ops.publications").fetchone()
        customers = connection.execute("select count(*) from marts.customer_360").fetchone()
        builds = connection.execute("select state, run_id from ops.builds").fetchall()
    assert published == (1,)
    assert customers == (2,), "two of the three records share a mailbox"
    assert builds == [("published", run["dag_run_id"])]


def test_a_build_that_misses_its_deadline_is_told_by_airflow(running: Running, hook: HookServer) -> None:
    [first] = running.ask("dags/cercle_build/dagRuns")["dag_runs"]

    def told() -> list[dict[str, Any]]:
        items = [item for body in hook.bodies for item in body["items"]]
        return [item for item in items if item["kind"] == "run_late"]

    wait_for("the message", told, 60)
    assert [item["key"] for item in told()] == [first["dag_run_id"]], "once"


@pytest.mark.timeout(600)
def test_an_outside_scheduler_triggers_a_run_follows_it_and_reads_its_result(running: Running) -> None:
    """By REST API v2 alone, as Control-M or a cron job with curl would."""
    run = running.ask(
        "dags/cercle_build/dagRuns",
        {"dag_run_id": "outside-1", "logical_date": None, "conf": {"as_of": "2026-10-31T23:00:00+00:00"}},
    )
    assert run["state"] == "queued"
    run = running.follow("cercle_build", "outside-1")
    assert run["state"] == "success", failed_task_logs(running.settings)

    base = "dags/cercle_build/dagRuns/outside-1/taskInstances"
    tasks = {task["task_id"]: task for task in running.ask(base)["task_instances"]}
    assert {task["state"] for task in tasks.values()} == {"success"}
    assert {task["pool"] for task in tasks.values()} == {"cercle_build"}

    def result(task: str) -> Any:
        return running.ask(f"{base}/{task}/xcomEntries/return_value?deserialize=true")["value"]

    publication, build = int(result("marts.publish")), int(result("raw.start_build"))
    with db.connect(running.settings) as connection:
        row = connection.execute(
            """
            select publications.build_id, builds.run_id, to_char(builds.as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
            from ops.publications
            inner join ops.builds on publications.build_id = builds.build_id
            where publications.publication_id = %s
            """,
            (publication,),
        ).fetchone()
    assert row == (build, "outside-1", "2026-10-31 23:00")

    with pytest.raises(urllib.error.HTTPError) as refused:
        running.ask(
            "dags/cercle_build/dagRuns",
            {"dag_run_id": "outside-2", "logical_date": None, "conf": {"as_of": "yesterday"}},
        )
    assert refused.value.code == 400, "what is no moment is refused at the door"


@pytest.mark.slow
@pytest.mark.timeout(700)
@pytest.mark.parametrize("victim", ["task", "scheduler", "database"])
def test_a_run_goes_on_without_a_hand_when_something_is_killed(running: Running, victim: str) -> None:
    """kill -9 of a working task, of the scheduler with all its workers, an immediate stop of the database."""
    run_id = f"killed-{victim}"
    running.ask(
        "dags/cercle_build/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": {"as_of": None}}
    )

    def at_work() -> Any:
        with db.connect(running.settings) as connection:
            return connection.execute(
                """
                select 1
                from ops.build_steps
                inner join ops.builds on build_steps.build_id = builds.build_id
                where builds.run_id = %s and build_steps.step = 'intermediate' and build_steps.state = 'running'
                """,
                (run_id,),
            ).fetchone()

    wait_for("the models", at_work, 120)
    if victim == "database":
        pid = int((running.settings.home / "pg" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
    elif victim == "scheduler":
        os.kill(standalone.running(running.settings)["scheduler"], signal.SIGKILL)
    else:
        for process in _tasks_at_work(running.settings):
            process.kill()
    run = running.follow("cercle_build", run_id, 500)
    assert run["state"] == "success", failed_task_logs(running.settings)
    with db.connect(running.settings) as connection:
        states = connection.execute("select state from ops.builds where run_id = %s", (run_id,)).fetchall()
        running_builds = connection.execute("select 1 from ops.builds where state = 'running'").fetchall()
    assert states[-1] == ("published",)
    assert running_builds == []


def test_down_leaves_nothing_behind(running: Running) -> None:
    import psutil

    book = running.settings.home / "airflow" / "processes.json"
    assert book.is_file()
    assert set(standalone.down(running.settings)) == {"api-server", "scheduler", "dag-processor"}
    left = [
        process
        for process in psutil.process_iter()
        if process.pid not in running.before and _belongs_to(process, running.settings)
    ]
    assert left == [], "nothing is left behind"
    assert standalone.running(running.settings) == {}
    assert not book.exists()
    assert not list((running.settings.home / "airflow").glob("*.pid"))


def _tasks_at_work(settings: Settings) -> list[Any]:
    """The processes of tasks: a worker of the scheduler forks one for each."""
    scheduler = processes.noted(settings)["scheduler"]
    return [
        process
        for process in processes.processes_of(scheduler)
        if os.getpgid(process.pid) == process.pid and process.pid != scheduler.pid
    ]


def _belongs_to(process: Any, settings: Settings) -> bool:
    import psutil

    try:
        return str(settings.home) in " ".join([*process.cmdline(), process.environ().get("AIRFLOW_HOME", "")])
    except psutil.Error:
        return False
