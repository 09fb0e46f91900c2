"""A real Airflow for tests: its parts as processes over a home and a database server of their own."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cercle import server as embedded
from cercle.airflow import standalone
from cercle.preparation import prepare
from cercle.settings import Settings


@dataclass(frozen=True)
class Running:
    """An Airflow that runs, with the DAGs of a project.

    Attributes:
        before: process ids of this machine before it was started.
        seconds: until it was ready.
    """

    settings: Settings
    api: str
    before: frozenset[int]
    seconds: float

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


@contextmanager
def airflow(
    folder: Path, dags: str, parts: Sequence[str] = standalone.PARTS, dbt_executable: str | None = None
) -> Iterator[Running]:
    """An Airflow over a home with a server of its own, since its metadata live beside the warehouse.

    Args:
        folder: for all of it.
        dags: text of the DAG file.
        parts: of Airflow.
        dbt_executable: by default the one of this environment.
    """
    import psutil

    folder.chmod(0o755)
    home = folder / "home"
    own = Settings.from_env({"CERCLE_HOME": str(home)})
    settings = replace(
        own,
        dbt_executable=dbt_executable or own.dbt_executable,
        landing_dir=folder / "landing",
        project_dir=home / "project",
    )
    embedded.start(settings, overrides={"fsync": "off", "synchronous_commit": "off"})
    try:
        prepare(settings, migrates=True)
        (settings.project_dir / "dags" / "cercle_dags.py").write_text(dags)
        before = frozenset(process.pid for process in psutil.process_iter())
        started = standalone.up(settings, parts=parts, port=0)
        found = Running(settings, f"{started.url}/api/v2", before, started.seconds)
        wait_for(
            "the DAGs",
            lambda: "cercle_build" in {dag["dag_id"] for dag in found.ask("dags?limit=50")["dags"]},
            60,
        )
        yield found
    finally:
        standalone.down(settings)
        embedded.destroy(settings)


def wait_for(what: str, found: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def failed_task_logs(settings: Settings) -> str:
    logs = sorted(
        (settings.log_dir / "airflow").rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime
    )
    return "\n".join(f"== {path}\n{path.read_text()[-1500:]}" for path in logs[-3:])
