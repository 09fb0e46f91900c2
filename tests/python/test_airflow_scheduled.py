"""One real scheduled run: a file is landed, its loading DAG is triggered, and the asset starts the build."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cercle import db
from cercle import server as embedded
from cercle.airflow import standalone
from cercle.preparation import prepare
from cercle.settings import Settings

ROWS = """customer_ref,updated_at,kind,first_name,last_name,email
1,2026-01-01T10:00:00Z,loyalty,Anne,Petit,anne.petit@exemple.fr
2,2026-01-02T10:00:00Z,web_account,Anne,Petit,Anne.Petit@exemple.fr
3,2026-01-03T10:00:00Z,loyalty,Luc,Morel,luc@exemple.fr
"""
DAGS = '''"""Airflow DAGs that nothing but a trigger starts."""

from pathlib import Path

from cercle.airflow import build_dags

globals().update(build_dags(Path(__file__).resolve().parents[1], load_schedule=None))
'''


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Settings]:
    """A home with a server of its own, since Airflow's metadata live beside the warehouse."""
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    settings = replace(
        Settings.from_env({"CERCLE_HOME": str(home)}),
        landing_dir=tmp_path / "landing",
        project_dir=home / "project",
    )
    embedded.start(settings, overrides={"fsync": "off", "synchronous_commit": "off"})
    try:
        yield settings
    finally:
        standalone.down(settings)
        embedded.destroy(settings)


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(url, headers={"Content-Type": "application/json"})
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(request, data, timeout=60) as answer:
        return json.load(answer)


def wait_for(what: str, found: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(1)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def test_a_loaded_file_starts_the_build_by_its_asset(own_home: Settings) -> None:
    import psutil

    prepare(own_home, migrates=True)
    (own_home.project_dir / "dags" / "cercle_dags.py").write_text(DAGS)
    before = {process.pid for process in psutil.process_iter()}
    started = standalone.up(own_home, parts=("api-server", "scheduler", "dag-processor"), port=0)
    assert started.seconds < 60
    api = f"{started.url}/api/v2"
    dag_ids = wait_for("the DAGs", lambda: {dag["dag_id"] for dag in ask(f"{api}/dags?limit=50")["dags"]}, 60)
    assert "cercle_build" in dag_ids

    file = own_home.landing_dir / "store" / "customers" / "1.csv"
    file.parent.mkdir(parents=True)
    file.write_text(ROWS)
    ask(f"{api}/dags/cercle_load_store/dagRuns", {"logical_date": None})

    def finished_build() -> Any:
        runs = ask(f"{api}/dags/cercle_build/dagRuns")["dag_runs"]
        return next((run for run in runs if run["state"] in ("success", "failed")), None)

    run = wait_for("the build", finished_build, 220)
    assert run["state"] == "success", _failed_task_logs(own_home)
    assert run["run_type"] == "asset_triggered"
    with db.connect(own_home) as connection:
        published = connection.execute("select count(*) from ops.publications").fetchone()
        customers = connection.execute("select count(*) from marts.customer_360").fetchone()
        builds = connection.execute("select state, run_id from ops.builds").fetchall()
    assert published == (1,)
    assert customers == (2,), "two of the three records share a mailbox"
    assert builds == [("published", run["dag_run_id"])]

    assert set(standalone.down(own_home)) == {"api-server", "scheduler", "dag-processor"}
    left = [
        process
        for process in psutil.process_iter()
        if process.pid not in before and _belongs_to(process, own_home)
    ]
    assert left == [], "nothing is left behind"
    assert standalone.running(own_home) == {}


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
