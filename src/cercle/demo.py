"""The whole circle in one process: database, project, a world or the user's files, the project's DAGs, one screen."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cercle.errors import EXIT_LOCKED, CercleError
from cercle.preparation import prepare
from cercle.settings import Settings

if TYPE_CHECKING:
    from cercle.airflow.in_process import Event
    from cercle.report import Figures

__all__ = ["Outcome", "Progress", "World", "existing_world", "own_settings", "run"]

_MARKER = "demo.json"
_CLEAR = "\r\x1b[2K"


@dataclass(frozen=True)
class World:
    """The simulated world of a demonstration.

    Attributes:
        customers: people with a customer record.
        days: length of the window.
        seed: of its random numbers.
    """

    customers: int = 5000
    days: int = 365
    seed: int = 7

    def __str__(self) -> str:
        """Return the world in a few words."""
        return f"{self.customers:,} customers, {self.days} days, seed {self.seed}"


@dataclass(frozen=True)
class Outcome:
    """What a demonstration left behind.

    Attributes:
        settings: where it ran.
        figures: counts for the end screen.
        timings: seconds by step, in order.
        truth: the customers against the truth, None without a truth.
        page: page of a customer, None when nothing is published.
    """

    settings: Settings
    figures: Figures
    timings: list[tuple[str, float]]
    truth: dict[str, Any] | None = None
    page: Path | None = None

    def next_steps(self) -> list[tuple[str, str]]:
        """Return what to open next: a word, and a line to copy."""
        home = self.settings.home
        docs = home / "data_docs" / "marts" / "index.html"
        steps = [("SQL", _psql_line(self.settings))]
        if docs.exists():
            steps.append(("Data Docs", docs.as_uri()))
        if self.page is not None:
            steps.append(("A customer", self.page.as_uri()))
        steps.append(("Airflow", "make up"))
        return steps


class Progress:
    """Tells a person how the run goes, one line per step, on a stream that nothing else writes to."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._is_terminal = stream is not None and stream.isatty()
        self._begun: tuple[str, float] | None = None
        self.timings: dict[str, float] = {}

    def begin(self, name: str, about: str = "…") -> None:
        """Note that a step begins."""
        self._begun = (name, time.monotonic())
        if self._is_terminal:
            self._write(f"  {name:<24} {about}")

    def end(self, said: str = "", group: str | None = None) -> None:
        """Note that the step has ended, and what it did; `group` is its name among the timings."""
        if self._begun is None:
            return
        name, begin = self._begun
        seconds = time.monotonic() - begin
        self.timings[group or name] = self.timings.get(group or name, 0.0) + seconds
        self._write(f"{_CLEAR if self._is_terminal else ''}  {name:<24} {said:<64} {seconds:6.1f} s\n")
        self._begun = None

    @contextmanager
    def step(self, name: str, about: str = "…") -> Iterator[list[str]]:
        """Time a block; what it appends to the list is shown as what it did."""
        self.begin(name, about)
        said: list[str] = []
        try:
            yield said
        finally:
            self.end(", ".join(said) if sys.exc_info()[0] is None else "failed")

    def note(self, line: str) -> None:
        """Write a line."""
        self._write(f"{line}\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def own_settings(settings: Settings, landing: Path | None, is_home_given: bool) -> Settings:
    """Return the settings of a run: the user's own files never share a warehouse with the simulated world.

    Args:
        settings: from the environment.
        landing: the user's folder, None for the simulated world.
        is_home_given: the user has named a home or a database; then it is taken as it is.
    """
    if landing is None:
        return replace(settings, landing_dir=settings.home / "world" / "landing")
    if not landing.is_dir():
        raise CercleError(
            "There is no such folder", where=str(landing), remedy="Name the folder above <source>/<entity>/"
        )
    if is_home_given:
        return replace(settings, landing_dir=landing.absolute())
    home = settings.home / "own"
    project = home / "project" if settings.project_dir == settings.home / "project" else settings.project_dir
    return replace(settings, home=home, landing_dir=landing.absolute(), project_dir=project)


def run(settings: Settings, world: World | None, stream: TextIO | None = None) -> Outcome:
    """Run the whole circle.

    Args:
        settings: as `own_settings` gives them.
        world: what to simulate when it is not there yet; None for the user's own files.
        stream: for progress; None for silence.

    Raises:
        CercleError: another run is at work in this home, the home serves another purpose, or a step failed.
    """
    since = datetime.now(UTC)
    with _only_one(settings), _copy_of(stream) as screen:
        progress = Progress(screen)
        _claim(settings, world)
        with progress.step("database") as said:
            prepare(settings, migrates=True)
            said.append("your own PostgreSQL" if settings.dsn else "embedded PostgreSQL")
        as_of: str | None = None
        if world is not None:
            with progress.step("world", str(world)) as said:
                as_of, is_new = _ensure_world(settings, world)
                said.append(f"{world}{'' if is_new else ' (made before)'}")
        _run_dags(settings, as_of, progress)
        return _outcome(settings, since, progress)


# --- the DAGs ---------------------------------------------------------------------------------------------


def _run_dags(settings: Settings, as_of: str | None, progress: Progress) -> None:
    """Run the loading DAGs that have new files, then the building DAG, each by `dag.test()`."""
    from cercle import dbt_runner
    from cercle.airflow.in_process import airflow_in_process
    from cercle.build_lock import build_lock
    from cercle.load import new_landing_files

    with progress.step("new files") as said:
        new = {source: entities for source, entities in new_landing_files(settings).items() if entities}
        count = sum(len(paths) for entities in new.values() for paths in entities.values())
        said.append(f"{count:,} of {len(new)} sources")
    _refuse_nothing(settings, count)
    with ExitStack() as stack:
        stack.enter_context(dbt_runner.warm_dbt(settings))
        dbt_runner.parse_ahead(settings)
        with progress.step("airflow") as said:
            dags = stack.enter_context(
                airflow_in_process(settings, partial(_hear, progress), settings.log_dir / "demo.log")
            )
            said.append(f"{len(dags.dags)} DAGs of {settings.project_dir / 'dags'}")
        for source in new:
            dags.run(f"cercle_load_{source}")
        with build_lock(settings, on_wait=lambda holder: progress.note(f"  waits for {holder}")):
            dags.run("cercle_build", {"as_of": as_of} if as_of else {})


def _hear(progress: Progress, event: Event) -> None:
    """Turn a task's sign of life into a line of progress."""
    from cercle.quality import runner

    if event.dag_id.startswith("cercle_load_"):
        if event.task_id != "load_files":
            return
        name, group = event.dag_id.removeprefix("cercle_").replace("_", " ", 1), "load"
    else:
        group, _, task = event.task_id.partition(".")
        name = f"{group} · {task.replace('_', ' ')}"
        group = task.replace("_", " ") if task != "run_dbt" else f"{group} (dbt)"
    if event.what == "begins":
        progress.begin(name)
        if event.task_id == "intermediate.run_dbt":
            runner.warm_up()  # dbt is a process of its own: this one would only wait
    else:
        progress.end(_words(event.value) if event.what == "done" else "failed", group)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in value.items() if count)
    return str(value) if isinstance(value, int) else ""


def _refuse_nothing(settings: Settings, count: int) -> None:
    """Refuse a landing folder without a single file of a configured source, where nothing was loaded before."""
    from cercle import db
    from cercle.sources import configured_sources

    with db.connect(settings) as connection:
        loaded = connection.execute("select exists (select 1 from ops.loads)").fetchone()
    if count == 0 and not (loaded and loaded[0]):
        names = ", ".join(configured_sources(settings))
        raise CercleError(
            f"No file of a configured source is there; sources are {names}",
            where=str(settings.landing_dir),
            remedy="Put files at <source>/<entity>/<any name>.csv, or name your sources in the project's "
            f"{settings.project_dir / 'dbt_project.yml'}",
        )


# --- world, home, screen ----------------------------------------------------------------------------------


def _ensure_world(settings: Settings, world: World) -> tuple[str, bool]:
    """Simulate the world once; it appears whole or not at all.

    Returns:
        The moment at which it ends, and whether it was made now.
    """
    from cercle.simulate import WorldConfig
    from cercle.simulate.world import simulate

    folder = settings.home / "world"
    config = WorldConfig(world.customers, world.days, world.seed, out=folder)
    if folder.is_dir():
        return config.until.isoformat(), False
    draft = settings.home / "world.new"
    shutil.rmtree(draft, ignore_errors=True)
    simulate(replace(config, out=draft))
    draft.rename(folder)
    return config.until.isoformat(), True


def _outcome(settings: Settings, since: datetime, progress: Progress) -> Outcome:
    from cercle import db, identity, report

    truth_dir = settings.home / "world" / "truth"
    with progress.step("screen") as said, db.connect(settings) as connection:
        figures = report.read_figures(connection, since)
        truth = None
        if truth_dir.is_dir() and settings.landing_dir == settings.home / "world" / "landing":
            truth = identity.evaluate(connection, truth_dir).as_dict()
        connection.commit()
        page = None
        if figures.example is not None:
            page = settings.home / "customer.html"
            page.write_text(
                report.render_customer(report.read_customer(connection, figures.example)), encoding="utf-8"
            )
            said.append(f"page of {figures.example}")
    return Outcome(settings, figures, list(progress.timings.items()), truth, page)


def existing_world(settings: Settings) -> World | None:
    """Return the world that this home holds, None when it holds none."""
    noted = _noted(settings)
    return World(**noted["world"]) if noted.get("world") else None


def _claim(settings: Settings, world: World | None) -> None:
    """Note what this home is for, and refuse to mix a simulated world with anything else.

    Raises:
        CercleError: the home, and with it the warehouse, serves another purpose already.
    """
    wanted = {"world": asdict(world) if world else None}
    noted = _noted(settings)
    if noted and noted != wanted:
        there = f"a simulated world ({World(**noted['world'])})" if noted["world"] else "files of your own"
        raise CercleError(
            f"The warehouse of this home holds {there}, and the two would mix",
            where=str(settings.home),
            remedy="Use another one: CERCLE_HOME=DIR, with another database if you set CERCLE_DSN",
        )
    if not noted:
        draft = settings.home / f"{_MARKER}.new"
        draft.write_text(json.dumps(wanted), encoding="utf-8")
        draft.replace(settings.home / _MARKER)


def _noted(settings: Settings) -> dict[str, Any]:
    try:
        found = json.loads((settings.home / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Let one demonstration run in a home; the lock goes with the process, however it ends."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CercleError(
                "Another run is at work in this home",
                where=str(settings.home),
                remedy="Wait until it has ended",
                exit_code=EXIT_LOCKED,
            ) from None
        yield


@contextmanager
def _copy_of(stream: TextIO | None) -> Iterator[TextIO | None]:
    """Yield a stream to the same place that stays there while standard output is sent elsewhere."""
    if stream is None:
        yield None
        return
    stream.flush()
    with os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8") as copy:
        yield copy


def _psql_line(settings: Settings) -> str:
    return 'psql "$CERCLE_DSN"' if settings.dsn else f'psql "$({_cercle(settings)} db url)"'


def _cercle(settings: Settings) -> str:
    """Return how to call the command from the folder where the user stands."""
    program = Path(sys.argv[0])
    name = os.path.relpath(program) if program.name == "cercle" else "cercle"
    home = f"CERCLE_HOME={os.path.relpath(settings.home)} "
    return f"{home if settings.home != Path('.cercle').absolute() else ''}{name}"
