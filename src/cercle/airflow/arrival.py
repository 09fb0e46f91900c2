"""Loading when a file arrives, building when all sources have: tasks that wait in the triggerer, not in a worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from cercle.airflow.operators import CercleOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from cercle.settings import Settings

__all__ = ["Arrival", "AwaitFilesOperator", "AwaitSourcesOperator", "FetchFilesOperator"]

_FEWEST_SECONDS = 15.0


@dataclass(frozen=True)
class Arrival:
    """Instead of a schedule: a source is loaded when a file arrives.

    Attributes:
        folder: where its files arrive: the address of a folder in an object store (s3://…, gs://…, abfs://…), from
            where they are copied to the landing folder; None = the source's own folder below the landing folder.
        conn_id: Airflow connection of the object store.
        seconds: between two looks; a file is taken when it has not changed from one to the next.
        patience: a run that has seen nothing for so long ends, and the next one waits.
    """

    folder: str | None = None
    conn_id: str | None = None
    seconds: float = 30.0
    patience: timedelta = timedelta(days=1)


class AwaitFilesOperator(CercleOperator):
    """Wait, in the triggerer, until a source has files that were not looked at yet.

    Args:
        source: the source instance.
        arrival: where to look, and how often.
    """

    def __init__(self, *, source: str, arrival: Arrival, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.arrival = arrival
        self._is_quiet = False

    def run_step(self, settings: Settings, context: Context) -> None:
        """Wait for one quiet look at what is new, or for something new; go on when that look was had."""
        known = self._stamp(settings)  # before the question: what comes between the two is seen as a change
        is_new = self._is_something_new(settings)
        if not (is_new and self._is_quiet):
            self._wait(settings, "" if is_new else known)

    def resume(self, context: Context, event: dict[str, Any]) -> None:
        """Go on when there are new files or the patience is at its end; else wait on."""
        if not event["arrived"]:
            self.log.info("Nothing has arrived within %s", self.arrival.patience)
            return
        self._is_quiet = True
        self.execute(context)

    def _wait(self, settings: Settings, known: str) -> None:
        from cercle.airflow.arrival_trigger import FilesTrigger

        self.defer(
            trigger=FilesTrigger(
                folder=str(self._folder(settings)),
                conn_id=self.arrival.conn_id,
                known=known,
                seconds=self.arrival.seconds,
                until=(datetime.now(UTC) + self.arrival.patience).isoformat(),
            ),
            method_name="resume",
        )

    def _folder(self, settings: Settings) -> str:
        return self.arrival.folder or str(settings.landing_dir / self.source)

    def _stamp(self, settings: Settings) -> str:
        from cercle.airflow.arrival_trigger import open_folder, stamp

        return stamp(open_folder(self._folder(settings), self.arrival.conn_id))

    def _is_something_new(self, settings: Settings) -> bool:
        from cercle.load import new_landing_files

        return bool(
            _to_fetch(settings, self.source, self.arrival) or new_landing_files(settings).get(self.source)
        )


class FetchFilesOperator(CercleOperator):
    """Copy the new files of a source from its object store to the landing folder.

    Args:
        source: the source instance.
        arrival: names the store.
    """

    def __init__(self, *, source: str, arrival: Arrival, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.arrival = arrival

    def run_step(self, settings: Settings, context: Context) -> int:
        """Return how many were copied; a copy that is killed leaves a `.part`, which loading does not see."""
        found = _to_fetch(settings, self.source, self.arrival)
        for path, target, modified_ns in found:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f"{target.name}.part")
            with path.open("rb") as incoming, draft.open("wb") as copy:
                shutil.copyfileobj(incoming, copy, 1 << 20)
            os.utime(draft, ns=(modified_ns, modified_ns))
            draft.replace(target)
        return len(found)


def _to_fetch(settings: Settings, source: str, arrival: Arrival) -> list[tuple[Path, Path, int]]:
    """Return the files of the store that loading has not looked at: where, to where, and their time in ns."""
    if arrival.folder is None:
        return []
    from cercle.airflow.arrival_trigger import open_folder
    from cercle.load.landing import seen_stamps, visible_files

    seen = seen_stamps(settings)
    folder = open_folder(arrival.folder, arrival.conn_id)
    found = []
    for path in visible_files(folder):
        status = path.stat()
        stamp = (status.st_size, int(status.st_mtime * 1e9))
        name = f"{source}/{path.relative_to(folder)}"
        target = settings.landing_dir / name
        if ".." in target.parts:
            continue  # a key of a store may be any text; no file of ours has such a name
        if stamp not in (seen.get(name), _stamp_of(target)):
            found.append((path, target, stamp[1]))
    return found


def _stamp_of(path: Path) -> tuple[int, int] | None:
    if not path.is_file():
        return None
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class AwaitSourcesOperator(CercleOperator):
    """Hold a build back until all sources have delivered since the last publication, or the window is over.

    The window begins with the first delivery that is not published. Nothing new at all skips the run: an earlier one
    has taken what its asset announced. A run that somebody or the clock has asked for waits for nothing.

    Args:
        sources: those to wait for.
        window: how long.
    """

    def __init__(self, *, sources: Sequence[str], window: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sources = tuple(sources)
        self.window = window

    def run_step(self, settings: Settings, context: Context) -> list[str]:
        """Return the sources that did not come in time."""
        run: Any = context["dag_run"]
        if run.run_type != "asset_triggered":
            return []
        from cercle.load.waiting import unpublished_deliveries

        delivered = unpublished_deliveries(settings)
        if not delivered:
            raise AirflowSkipException("Every delivery is published")
        missing = sorted(set(self.sources) - set(delivered))
        left = min(delivered.values()) + self.window - datetime.now(UTC)
        if missing and left > timedelta():
            self._wait(left)
        if missing:
            self.log.warning("Not delivered within %s: %s", self.window, ", ".join(missing))
        return missing

    def resume(self, context: Context, event: Any = None) -> list[str]:
        """Look again."""
        missing: list[str] = self.execute(context)
        return missing

    def _wait(self, left: timedelta) -> None:
        from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

        # some forty looks a window: each is a task of a second
        pause = max(min(left.total_seconds(), self.window.total_seconds() / 40), _FEWEST_SECONDS)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=min(pause, left.total_seconds()))),
            method_name="resume",
        )
