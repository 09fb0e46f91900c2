"""A whole Airflow on this machine: scheduler, DAG processor, triggerer and API server, started, kept and stopped.

Its metadata live in the embedded PostgreSQL. Each part leads a session of its own and survives the command that
started it, and so does the keeper, which starts again what ends. `down` ends them and everything that they started,
and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cercle.airflow import processes
from cercle.airflow.environment import BUILD_POOL, AirflowHome, apply, free_port
from cercle.airflow.health import unhealthy
from cercle.airflow.keeper import PARTS_VARIABLE
from cercle.airflow.processes import KEEPER, PARTS
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["PARTS", "Standalone", "down", "running", "up"]

_READY_SECONDS = 120.0


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
    processes.end(settings, processes.noted(settings))  # what an earlier one that was killed has left
    home = AirflowHome(settings, is_server=True, port=free_port(port), dags_dir=dags_dir)
    environment = apply(home, os.environ)
    home.folder.mkdir(parents=True, exist_ok=True)
    say("Airflow's metadata database")
    _migrate(home, environment)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for part in parts:
            say(f"Airflow's {part}")
            children[part] = processes.start(settings, part, environment)
        _wait_until_healthy(home, children)
        processes.start(settings, KEEPER, {**environment, PARTS_VARIABLE: " ".join(parts)})
    except BaseException:
        down(settings)
        raise
    return Standalone(
        home.url, {part: child.pid for part, child in children.items()}, time.monotonic() - begin
    )


def down(settings: Settings) -> list[str]:
    """Stop the keeper, every part that `up` started, and all that they started.

    Returns:
        Names of the parts that were running.

    Raises:
        CercleError: a process does not end, not even when it is killed.
    """
    parts = list(running(settings))
    processes.end(settings, [KEEPER])
    processes.end(settings, processes.noted(settings))
    return parts


def running(settings: Settings) -> dict[str, int]:
    """Return the parts that run, with their process ids."""
    return {name: pid for name, pid in processes.running(settings).items() if name != KEEPER}


_MIGRATE = f"""
from airflow.utils.db import initdb
initdb()
from airflow.models.pool import Pool
Pool.create_or_update_pool({BUILD_POOL!r}, 1, "One build at a time", include_deferred=True)
"""


def _migrate(home: AirflowHome, environment: Mapping[str, str]) -> None:
    """Make the metadata database or bring it up to date, and make the pool of builds."""
    log = processes.log_file(home.settings, "migrate")
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


def _wait_until_healthy(home: AirflowHome, children: Mapping[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        for part, child in children.items():
            if child.poll() is not None:
                raise CercleError(
                    f"Airflow's {part} ended with exit code {child.returncode}",
                    where=str(processes.log_file(home.settings, part)),
                    remedy="Read that log",
                )
        missing = unhealthy(home, children)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise CercleError(
                f"Airflow is not healthy after {_READY_SECONDS:.0f} s: {', '.join(sorted(missing))}",
                where=str(home.settings.log_dir / "airflow"),
                remedy="Read the logs there",
            )
        time.sleep(0.5)
