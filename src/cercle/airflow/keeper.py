"""Keeps an Airflow of this machine going: the night shift of `cercle up`, a process of its own.

Airflow's parts end when their database goes away, and a scheduler may hang in its own end. Here the embedded server
is started again when it does not answer, and a part that has ended, or says for too long that it is not healthy, is
ended with all that it left and begun again, after 1, 2, 4 … seconds. `cercle down` ends the keeper first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cercle import server
from cercle.airflow import processes
from cercle.airflow.environment import AirflowHome, apply
from cercle.airflow.health import unhealthy
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["PARTS_VARIABLE", "Keeper", "main"]

PARTS_VARIABLE = "CERCLE_AIRFLOW_PARTS"  # which parts a keeper keeps, with spaces between

_ROUND_SECONDS = 2.0
_PATIENCE_SECONDS = 45.0
_LONGEST_PAUSE_SECONDS = 60.0
_FORGIVEN_SECONDS = 600.0


class Keeper:
    """Looks after the parts of one Airflow.

    Args:
        home: the Airflow.
        parts: names of the parts that shall run.
    """

    def __init__(self, home: AirflowHome, parts: Iterable[str]) -> None:
        self._home = home
        self._parts = tuple(parts)
        self._children: list[subprocess.Popen[bytes]] = []
        self._starts: dict[str, list[float]] = {part: [] for part in self._parts}
        self._well_at = dict.fromkeys(self._parts, time.monotonic())

    def make_round(self) -> list[str]:
        """Look once at the database and every part.

        Returns:
            Names of the parts that were started again.

        Raises:
            CercleError: the database does not start.
        """
        self._children = [child for child in self._children if child.poll() is None]
        server.start(self._home.settings)
        alive = processes.running(self._home.settings)
        now = time.monotonic()
        ill = set(unhealthy(self._home, self._parts))
        for part in self._parts:
            if part not in ill:
                self._well_at[part] = now
        due = [
            part
            for part in self._parts
            if (part not in alive or now - self._well_at[part] > _PATIENCE_SECONDS)
            and self._may_start(part, now)
        ]
        for part in due:
            _say(f"{part} {'hangs' if part in alive else 'has ended'}: it is started again")
            self._start(part, now)
        return due

    def _may_start(self, part: str, now: float) -> bool:
        """Whether the pause after the last starts is over; it doubles with each start of the last ten minutes."""
        starts = [moment for moment in self._starts[part] if now - moment < _FORGIVEN_SECONDS]
        self._starts[part] = starts
        return not starts or now - starts[-1] >= min(2.0 ** len(starts), _LONGEST_PAUSE_SECONDS)

    def _start(self, part: str, now: float) -> None:
        settings = self._home.settings
        processes.end(settings, [part])
        # The server may have found its port taken: the address of the metadata is asked anew.
        environment = apply(self._home, os.environ)
        self._children.append(processes.start(settings, part, environment))
        self._starts[part].append(now)
        self._well_at[part] = now


def main() -> None:
    """Keep the Airflow of this process's environment, until somebody ends it, and then end between two rounds."""
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: is_over.set())
    settings = Settings.from_env()
    keeper = Keeper(
        AirflowHome(
            settings,
            is_server=True,
            port=int(os.environ["AIRFLOW__API__PORT"]),
            dags_dir=Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]),
        ),
        os.environ[PARTS_VARIABLE].split(),
    )
    while not is_over.wait(_ROUND_SECONDS):
        try:
            keeper.make_round()
        except CercleError as error:
            _say(str(error))


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {line}", flush=True)


if __name__ == "__main__":
    main()
