"""What waits in the triggerer for files: no worker slot, no connection to the warehouse. Imported by tasks alone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from cercle.load.landing import visible_files

__all__ = ["FilesTrigger", "open_folder", "stamp"]


def open_folder(folder: str, conn_id: str | None = None) -> Path:
    """Return a folder of this machine, or of an object store where its name is an address (s3://…, gs://…, file://…)."""
    if "://" not in folder:
        return Path(folder)
    from airflow.sdk import ObjectStoragePath

    store: Any = ObjectStoragePath(folder, conn_id=conn_id)  # behaves as a path, and is none by type
    return store  # type: ignore[no-any-return]


def stamp(folder: Path) -> str:
    """Return a hash over names, sizes and times of the files below a folder; it tells that something has changed."""
    found = []
    for path in visible_files(folder):
        status = path.stat()
        found.append((str(path.relative_to(folder)), status.st_size, status.st_mtime))
    return hashlib.sha256(repr(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()


class FilesTrigger(BaseTrigger):
    """Waits until the files below a folder are others than those that are known, and have not changed for one look.

    Args:
        folder: of this machine, or an address of an object store.
        conn_id: Airflow connection of the object store.
        known: `stamp` of what was there; empty to wait for one quiet look alone.
        seconds: between two looks.
        until: when to give up, ISO 8601.
    """

    def __init__(self, folder: str, conn_id: str | None, known: str, seconds: float, until: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.folder = folder
        self.conn_id = conn_id
        self.known = known
        self.seconds = seconds
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return how the triggerer makes it again."""
        names = ("folder", "conn_id", "known", "seconds", "until")
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            name: getattr(self, name) for name in names
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield once: whether something arrived."""
        before = None
        while datetime.now(UTC) < datetime.fromisoformat(self.until):
            await asyncio.sleep(self.seconds)
            found = await asyncio.to_thread(self._look)
            if found == before and found != self.known:
                yield _event(arrived=True)
                return
            before = found
        yield _event(arrived=False)

    def _look(self) -> str:
        """Look; a folder or store that is away for a moment is one in which nothing has changed."""
        try:
            return stamp(open_folder(self.folder, self.conn_id))
        except OSError as error:
            self.log.warning("%s cannot be read now: %s", self.folder, type(error).__name__)
            return self.known


def _event(arrived: bool) -> TriggerEvent:
    return TriggerEvent({"arrived": arrived})  # type: ignore[no-untyped-call]
