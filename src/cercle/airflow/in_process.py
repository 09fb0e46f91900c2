"""Runs a project's DAGs in this process by Airflow's own `dag.test()`: no scheduler, no server, SQLite for metadata.

Airflow, dbt and their libraries write a lot: all of it goes to a log file, and what people should see is told to
a listener. Metadata are made anew each time, so that a run that was killed leaves nothing to trip over.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cercle.airflow.environment import AirflowHome, apply
from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["DagTests", "Event", "airflow_in_process", "output_to"]


@dataclass(frozen=True)
class Event:
    """A sign of life of a task.

    Attributes:
        dag_id: its DAG.
        task_id: the task, with its group.
        what: begins, done or failed.
        value: what the task handed on (done), or the error, a CercleError (failed).
    """

    dag_id: str
    task_id: str
    what: str
    value: Any = None


class DagTests:
    """The DAGs of a project, ready for `dag.test()`."""

    def __init__(self, dags: Mapping[str, Any], log: Path) -> None:
        self.dags = dags
        self._log = log

    def run(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> None:
        """Run a DAG once, to its end.

        Raises:
            CercleError: a task has failed; the error is that of the first one.
        """
        from cercle.airflow import lineage, operators

        failures: list[CercleError] = []
        heard = operators.listener

        def listen(event: Event) -> None:
            if event.what == "failed":
                failures.append(event.value)
            if heard is not None:
                heard(event)

        operators.listener = listen
        try:
            found = self.dags[dag_id].test(run_conf=dict(conf or {}))
        finally:
            operators.listener = heard
            lineage.end_helpers()
        if str(found.state) != "success":
            raise (
                failures[0]
                if failures
                else CercleError(
                    f"The DAG {dag_id} ended as {found.state}", where=dag_id, remedy=f"Read {self._log}"
                )
            )


@contextmanager
def airflow_in_process(
    settings: Settings, listener: Callable[[Event], None], log: Path, dags_dir: Path | None = None
) -> Iterator[DagTests]:
    """Make ready what `dag.test()` needs.

    Args:
        settings: of the warehouse; the DAG files are the project's.
        listener: told of every task that begins and ends.
        log: file for all that Airflow and the tasks write; begun anew.
        dags_dir: folder with the DAG files, by default that of the project.

    Raises:
        CercleError: Airflow is not installed, or a DAG file cannot be imported.
    """
    home = AirflowHome(settings, dags_dir=dags_dir)
    apply(home)
    folder = dags_dir or settings.project_dir / "dags"
    with output_to(log):
        from airflow.dag_processing.dagbag import DagBag

        from cercle.airflow import operators

        _make_metadata(home.folder)
        bag = DagBag(folder)
        if bag.import_errors:
            where, error = next(iter(bag.import_errors.items()))
            raise CercleError(str(error).strip().splitlines()[-1], where=where, remedy="Mend the DAG file")
        for dag in bag.dags.values():
            _try_once(dag)
        operators.listener = listener
        try:
            yield DagTests(bag.dags, log)
        finally:
            operators.listener = None


def _make_metadata(folder: Path) -> None:
    """Begin with empty metadata: a copy of those that the first run with this Airflow made."""
    from airflow import __version__
    from airflow.utils.db import initdb

    for stale in folder.glob("airflow.db*"):
        stale.unlink()
    empty = folder / f"empty-{__version__}.db"
    if empty.is_file():
        shutil.copyfile(empty, folder / "airflow.db")
        return
    initdb()
    draft = folder / f"{empty.name}.new"
    draft.unlink(missing_ok=True)
    # SQLite's own copy: part of what was written may still be in its log
    with closing(sqlite3.connect(folder / "airflow.db")) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy)
    draft.rename(empty)


def _try_once(dag: Any) -> None:
    """Take the retries away: who waits at a screen wants to read the error, not to wait for a second one.

    The deadline goes too: `dag.test()` reads it as it was before it was serialised, and fails at the end of the run.
    """
    dag.deadline = None
    for task in dag.tasks:
        if task.is_mapped:
            task.partial_kwargs["retries"] = 0
        else:
            task.retries = 0


@contextmanager
def output_to(log: Path) -> Iterator[IO[str]]:
    """Send all output of this process and its children to a file.

    Yields:
        A stream to where standard output went before.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    before = os.dup(1), os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        with os.fdopen(os.dup(before[0]), "w", encoding="utf-8") as screen:
            yield screen
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in enumerate(before, start=1):
            os.dup2(copy, number)
            os.close(copy)
