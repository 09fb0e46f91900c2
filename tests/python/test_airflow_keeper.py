"""The keeper and the processes that it looks after, with a stand-in for Airflow that starts in no time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cercle.airflow import keeper as keeping
from cercle.airflow import processes
from cercle.airflow.environment import AirflowHome
from cercle.airflow.keeper import Keeper
from cercle.settings import Settings

# A part with a worker that, as Airflow's, does not end when it is asked to, nor when the part is killed.
STAND_IN = """
import signal, subprocess, sys, time
worker = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)
child = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE)
child.stdout.readline()
print("works", flush=True)
time.sleep(600)
"""


@pytest.fixture
def airflow(server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowHome]:
    """A home whose parts are stand-ins."""
    package = tmp_path / "airflow"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (server.home / "airflow").mkdir(exist_ok=True)
    try:
        yield AirflowHome(server, is_server=True, port=1)
    finally:
        processes.end(server, processes.noted(server))


def a_part(home: AirflowHome, name: str = "scheduler") -> subprocess.Popen[bytes]:
    """Start a part, and wait until its worker is there."""
    log = processes.log_file(home.settings, name)
    log.unlink(missing_ok=True)
    part = processes.start(home.settings, name, os.environ)
    wait_for(lambda: log.exists() and "works" in log.read_text())
    return part


def wait_for(found: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_a_killed_part_leaves_behind_is_ended(airflow: AirflowHome) -> None:
    settings = airflow.settings
    part = a_part(airflow)
    noted = processes.noted(settings)["scheduler"]
    assert len(processes.processes_of(noted)) == 2
    part.kill()  # as its parent, we leave it a zombie: its number is still taken
    wait_for(lambda: processes.running(settings) == {})
    assert len(processes.processes_of(noted)) == 1, "the worker lives on"
    processes.end(settings, ["scheduler"])
    assert processes.processes_of(noted) == []
    assert processes.noted(settings) == {}
    part.wait()


def test_a_number_that_somebody_else_has_now_is_left_alone(airflow: AirflowHome) -> None:
    settings = airflow.settings
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    try:
        began = processes.psutil().Process(other.pid).create_time()
        processes._write(settings, {"scheduler": processes.Noted(other.pid, began - 60)})
        assert processes.running(settings) == {}
        processes.end(settings, ["scheduler"])
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_part_that_has_ended_is_started_again_after_growing_pauses(
    airflow: AirflowHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "unhealthy", lambda home, parts: [])
    a_part(airflow)
    keeper = Keeper(airflow, ["scheduler"])
    assert keeper.make_round() == []
    for _ in range(2):
        os.kill(processes.running(airflow.settings)["scheduler"], signal.SIGKILL)
        wait_for(lambda: processes.running(airflow.settings) == {})
        started = keeper.make_round()
        while not started:  # the second time after two seconds
            time.sleep(0.1)
            started = keeper.make_round()
        assert started == ["scheduler"]
        begun = time.monotonic()
    os.kill(processes.running(airflow.settings)["scheduler"], signal.SIGKILL)
    wait_for(lambda: processes.running(airflow.settings) == {})
    assert keeper.make_round() == [], "it has been started twice just now"
    wait_for(keeper.make_round)
    assert time.monotonic() - begun >= 3.9


def test_a_part_that_hangs_is_ended_and_started_again(
    airflow: AirflowHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill: list[str] = []
    monkeypatch.setattr(keeping, "unhealthy", lambda home, parts: list(ill))
    monkeypatch.setattr(keeping, "_PATIENCE_SECONDS", 1.0)
    part = a_part(airflow)
    keeper = Keeper(airflow, ["scheduler"])
    time.sleep(1.1)
    assert keeper.make_round() == [], "it was well all the time"
    ill.append("scheduler")
    assert keeper.make_round() == [], "for a moment anything may be slow"
    time.sleep(1.1)
    assert keeper.make_round() == ["scheduler"]
    part.wait(timeout=10)
    assert processes.running(airflow.settings)["scheduler"] != part.pid
