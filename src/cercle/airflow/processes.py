"""Airflow's parts as processes: started, noted in a file, found again, ended with all that they started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["KEEPER", "PARTS", "Noted", "end", "log_file", "noted", "processes_of", "running", "start"]

PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
KEEPER = "keeper"

# Logs are read from the folder: no further port is opened (it would listen on every address of the machine).
_OPTIONS = {"scheduler": ("--skip-serve-logs",), "triggerer": ("--skip-serve-logs",)}
_STOP_SECONDS = 8.0  # a task that is killed is simply run again


@dataclass(frozen=True)
class Noted:
    """A process that was started, whether or not it still runs.

    Attributes:
        pid: its number, and that of the session that it leads.
        began: when it started; a number alone may be anyone's.
    """

    pid: int
    began: float


def start(settings: Settings, name: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a part, or the keeper, as the leader of a session of its own, and note it.

    Args:
        settings: whose home it belongs to.
        name: one of PARTS, or KEEPER.
        environment: all variables of the process.
    """
    program = ["cercle.airflow.keeper"] if name == KEEPER else ["airflow", name, *_OPTIONS.get(name, ())]
    with log_file(settings, name).open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=settings.home / "airflow",
            env=dict(environment),
            start_new_session=True,
        )
    began = psutil().Process(process.pid).create_time()
    _write(settings, {**noted(settings), name: Noted(process.pid, began)})
    return process


def end(settings: Settings, names: Iterable[str]) -> None:
    """End parts and everything that they started, also what a dead one left behind.

    Args:
        settings: whose home they belong to.
        names: of the parts; one that was never started is passed over.

    Raises:
        CercleError: a process does not end, not even when it is killed.
    """
    known = noted(settings)
    names = [name for name in names if name in known]
    leaders = {known[name].pid for name in names}
    family = [process for name in names for process in processes_of(known[name])]
    # Tasks first and at once: one that is asked to end tells Airflow that it has failed, and is not run again.
    for process in family:
        _signal(process, signal.SIGTERM if process.pid in leaders else signal.SIGKILL)
    psutil().wait_procs(family, timeout=_STOP_SECONDS)
    alive = [process for name in names for process in processes_of(known[name])]
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil().wait_procs(alive, timeout=_STOP_SECONDS)
    left = [process.pid for name in names for process in processes_of(known[name])]
    if left:
        raise CercleError(f"Processes that do not end: {', '.join(map(str, left))}")
    _write(settings, {name: each for name, each in noted(settings).items() if name not in names})


def processes_of(leader: Noted) -> list[Any]:
    """Return the processes of a leader's session that live, itself included, as psutil knows them.

    The system gives the number of a session that has members to nobody else: who is in it after the leader's death
    was started by it.
    """
    members = []
    for process in psutil().process_iter():
        try:
            if os.getsid(process.pid) != leader.pid:
                continue
            if process.pid == leader.pid and not _began_as(process, leader):
                return []
            if process.status() != psutil().STATUS_ZOMBIE:
                members.append(process)
        except (OSError, psutil().NoSuchProcess):
            continue
    return members


def running(settings: Settings) -> dict[str, int]:
    """Return what was started and still runs, with process ids."""
    found = {}
    for name, leader in noted(settings).items():
        try:
            process = psutil().Process(leader.pid)
            if _began_as(process, leader) and process.status() != psutil().STATUS_ZOMBIE:
                found[name] = leader.pid
        except psutil().NoSuchProcess:
            continue
    return found


def noted(settings: Settings) -> dict[str, Noted]:
    """Return what was started and not ended since, by name."""
    try:
        found = json.loads(_book(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: Noted(pid, began) for name, (pid, began) in found.items()}


def log_file(settings: Settings, name: str) -> Path:
    """Return the file that takes what a part writes; its folder exists."""
    folder = settings.log_dir / "airflow"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def psutil() -> Any:
    """Airflow brings psutil; cercle's base does without it."""
    return import_module("psutil")


def _began_as(process: Any, leader: Noted) -> bool:
    return bool(abs(process.create_time() - leader.began) < 1)


def _book(settings: Settings) -> Path:
    return settings.home / "airflow" / "processes.json"


def _write(settings: Settings, known: Mapping[str, Noted]) -> None:
    if not known:
        _book(settings).unlink(missing_ok=True)
        return
    draft = _book(settings).with_suffix(".new")
    draft.write_text(
        json.dumps({name: (each.pid, each.began) for name, each in known.items()}), encoding="utf-8"
    )
    draft.replace(_book(settings))


def _signal(process: Any, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil().NoSuchProcess:
        return
