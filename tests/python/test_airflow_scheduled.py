"""A real Airflow with a scheduler: files start the build, others drive it over HTTP, and what is killed comes back."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cercle import db
from cercle import server as embedded
from cercle.airflow import processes, standalone
from cercle.preparation import prepare
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


@dataclass(frozen=True)
class Running:
    """An Airflow that runs, with the DAGs of a project.

    Attributes:
        before: process ids of this machine before it was started.
        seconds: until it was ready.
        hook: takes what is told.
    """

    settings: Settings
    api: str
    before: frozenset[int]
    seconds: float
    hook: HookServer

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Get a resource of REST API v2, or post to it."""
        request = urllib.request.Request(f"{self.api}/{path}", headers={"Content-Type": "application/json"})
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            return json.load(answer)

    def land(self, name: str, content: str) -> None:
        """Let a file of customers arrive."""
        file = self.settings.landing_dir / "store" / "customers" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def follow(self, dag_id: str, run_id: str, seconds: float = 400) -> dict[str, Any]:
        """Wait until a run has ended, and return it."""

        def ended() -> Any:
            try:
                run = self.ask(f"dags/{dag_id}/dagRuns/{run_id}")
            except OSError:  # an outside scheduler asks again, too
                return None
            return run if run["state"] in ("success", "failed") else None

        run: dict[str, Any] = wait_for(f"the end of {run_id}", ended, seconds)
        return run


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An Airflow over a home with a server of its own, since its metadata live beside the warehouse."""
    folder = tmp_path_factory.mktemp("scheduled")
    folder.chmod(0o755)
    home = folder / "home"
    settings = replace(
        Settings.from_env({"CERCLE_HOME": str(home)}),
        landing_dir=folder / "landing",
        project_dir=home / "project",
    )
    embedded.start(settings, overrides={"fsync": "off", "synchronous_commit": "off"})
    with serving(hook := HookServer()), pytest.MonkeyPatch.context() as patch:
        patch.setenv("CERCLE_NOTIFY", hook.url)
        try:
            yield _started(settings, hook)
        finally:
            standalone.down(settings)
            embedded.destroy(settings)


def _started(settings: Settings, hook: HookServer) -> Running:
    import psutil

    prepare(settings, migrates=True)
    (settings.project_dir / "dags" / "cercle_dags.py").write_text(DAGS)
    before = frozenset(process.pid for process in psutil.process_iter())
    started = standalone.up(settings, parts=("api-server", "scheduler", "dag-processor"), port=0)
    found = Running(settings, f"{started.url}/api/v2", before, started.seconds, hook)
    wait_for(
        "the DAGs",
        lambda: "cercle_build" in {dag["dag_id"] for dag in found.ask("dags?limit=50")["dags"]},
        60,
    )
    return found


def wait_for(what: str, found: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


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
    assert run["state"] == "success", _failed_task_logs(running.settings)
    with db.connect(running.settings) as connection:
        published = connection.execute("select count(*) from ops.publications").fetchone()
        customers = connection.execute("select count(*) from marts.customer_360").fetchone()
        builds = connection.execute("select state, run_id from ops.builds").fetchall()
    assert published == (1,)
    assert customers == (2,), "two of the three records share a mailbox"
    assert builds == [("published", run["dag_run_id"])]


def test_a_build_that_misses_its_deadline_is_told_by_airflow(running: Running) -> None:
    [first] = running.ask("dags/cercle_build/dagRuns")["dag_runs"]

    def told() -> list[dict[str, Any]]:
        items = [item for body in running.hook.bodies for item in body["items"]]
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
    assert run["state"] == "success", _failed_task_logs(running.settings)

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
    assert run["state"] == "success", _failed_task_logs(running.settings)
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


def _failed_task_logs(settings: Settings) -> str:
    logs = sorted(
        (settings.log_dir / "airflow").rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime
    )
    return "\n".join(f"== {path}\n{path.read_text()[-1500:]}" for path in logs[-3:])
