"""A whole Airflow on this machine: scheduler, DAG processor, triggerer and API server, started and stopped.

Its metadata live in the embedded PostgreSQL. Each part is a process group of its own that survives the command
that started it; `down` ends the parts and everything that they started, and nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cercle.airflow.environment import BUILD_POOL, AirflowHome, apply, free_port
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["PARTS", "Standalone", "down", "running", "up"]

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")

_HEALTH_NAMES = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}
# Logs are read from the folder: no further port is opened (it would listen on every address of the machine).
_OPTIONS = {"scheduler": ("--skip-serve-logs",), "triggerer": ("--skip-serve-logs",)}
_READY_SECONDS = 120.0
_STOP_SECONDS = 8.0  # a task that is killed is simply run again


@dataclass(frozen=True)
class Standalone:
    """An Airflow that runs.

    Attributes:
        url: of its web page.
        parts: name of each part, and its process id.
        seconds: how long it took until all parts were healthy.
    """

    url: str
    parts: Mapping[str, int]
    seconds: float


def up(
    settings: Settings,
    parts: Sequence[str] = PARTS,
    port: int = 8080,
    dags_dir: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Standalone:
    """Start Airflow, and wait until every part says that it is healthy.

    Args:
        settings: of the warehouse that the DAGs serve; the embedded server holds Airflow's metadata.
        parts: which parts; the API server is always needed.
        port: of the web page; any free one when it is taken.
        dags_dir: folder with the DAG files, by default that of the project.
        say: told what is being done.

    Raises:
        CercleError: it runs already, a part dies, or is not healthy within two minutes.
    """
    begin = time.monotonic()
    known = running(settings)
    if known:
        raise CercleError(
            f"Airflow runs already: {', '.join(known)}", remedy="Open it, or stop it first: cercle down"
        )
    home = AirflowHome(settings, is_server=True, port=free_port(port), dags_dir=dags_dir)
    environment = apply(home, os.environ)
    home.folder.mkdir(parents=True, exist_ok=True)
    say("Airflow's metadata database")
    _migrate(home, environment)
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for part in parts:
            say(f"Airflow's {part}")
            processes[part] = _start(home, part, environment)
            _remember(home, {name: process.pid for name, process in processes.items()})
        _wait_until_healthy(home, processes)
    except BaseException:
        down(settings)
        raise
    return Standalone(
        home.url, {name: process.pid for name, process in processes.items()}, time.monotonic() - begin
    )


def down(settings: Settings) -> list[str]:
    """Stop every part that `up` started, and all that they started.

    Returns:
        Names of the parts that were running.

    Raises:
        CercleError: a process does not end, not even when it is killed.
    """
    parts = running(settings)
    family: list[Any] = []
    for pid in parts.values():
        parent = _psutil().Process(pid)
        family += [parent, *parent.children(recursive=True)]
    for process in family:
        _signal(process, signal.SIGTERM)
    _, alive = _psutil().wait_procs(family, timeout=_STOP_SECONDS)
    for process in alive:
        _signal(process, signal.SIGKILL)
    _, alive = _psutil().wait_procs(alive, timeout=_STOP_SECONDS)
    if alive:
        raise CercleError(f"Processes that do not end: {', '.join(str(process.pid) for process in alive)}")
    _book(settings).unlink(missing_ok=True)
    return list(parts)


def running(settings: Settings) -> dict[str, int]:
    """Return the parts that run, with their process ids.

    A process counts only when it began at the moment that was noted: a number alone may be anyone's.
    """
    try:
        noted = json.loads(_book(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found = {}
    for name, (pid, began) in noted.items():
        try:
            process = _psutil().Process(pid)
            if abs(process.create_time() - began) < 1 and process.status() != _psutil().STATUS_ZOMBIE:
                found[name] = pid
        except _psutil().NoSuchProcess:
            continue
    return found


def _book(settings: Settings) -> Path:
    return settings.home / "airflow" / "processes.json"


def _remember(home: AirflowHome, pids: Mapping[str, int]) -> None:
    noted = {name: (pid, _psutil().Process(pid).create_time()) for name, pid in pids.items()}
    draft = _book(home.settings).with_suffix(".new")
    draft.write_text(json.dumps(noted), encoding="utf-8")
    draft.replace(_book(home.settings))


_MIGRATE = f"""
from airflow.utils.db import initdb
initdb()
from airflow.models.pool import Pool
Pool.create_or_update_pool({BUILD_POOL!r}, 1, "One build at a time", include_deferred=True)
"""


def _migrate(home: AirflowHome, environment: Mapping[str, str]) -> None:
    """Make the metadata database or bring it up to date, and make the pool of builds."""
    log = _log(home, "migrate")
    with log.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-c", _MIGRATE],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            check=False,
        )
    if done.returncode:
        raise CercleError(
            "Airflow's metadata database cannot be made", where=str(log), remedy="Read that log"
        )


def _start(home: AirflowHome, part: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with _log(home, part).open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", part, *_OPTIONS.get(part, ())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=home.folder,
            env=dict(environment),
            start_new_session=True,
        )


def _log(home: AirflowHome, name: str) -> Path:
    folder = home.settings.log_dir / "airflow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _wait_until_healthy(home: AirflowHome, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    wanted = {_HEALTH_NAMES[part] for part in processes if part in _HEALTH_NAMES} | {"metadatabase"}
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        for part, process in processes.items():
            if process.poll() is not None:
                raise CercleError(
                    f"Airflow's {part} ended with exit code {process.returncode}",
                    where=str(_log(home, part)),
                    remedy="Read that log",
                )
        missing = wanted - _healthy(home)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise CercleError(
                f"Airflow is not healthy after {_READY_SECONDS:.0f} s: {', '.join(sorted(missing))}",
                where=str(home.settings.log_dir / "airflow"),
                remedy="Read the logs there",
            )
        time.sleep(0.5)


def _healthy(home: AirflowHome) -> set[str]:
    try:
        with urllib.request.urlopen(f"{home.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            found = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return set()
    return {name for name, state in found.items() if state and state.get("status") == "healthy"}


def _psutil() -> Any:
    """Airflow brings psutil; cercle's base does without it."""
    return import_module("psutil")


def _signal(process: Any, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except _psutil().NoSuchProcess:
        return
