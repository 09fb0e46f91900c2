"""Files that leave: whole or not at all, for their owner's eyes alone, without a cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cercle.errors import CercleError

__all__ = ["FORMATS", "ExportFile", "protect"]

FORMATS = ("csv", "jsonl")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"\+[0-9]{6,15}")


def protect(cell: str) -> str:
    """Return a cell as text that no spreadsheet takes for a formula: an apostrophe before it where needed.

    A telephone number in the international form stays as it is: it holds digits alone, and runs nothing.
    """
    if cell.lstrip(" \n").startswith(_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


@dataclass(frozen=True)
class ExportFile:
    """A file in the making: written beside its place under a name of its own, then put there at once.

    Attributes:
        path: where it is to stand; nothing may stand there yet.
        format: csv or jsonl.
        key: what tells this export from others, for the name of the draft.
    """

    path: Path
    format: str
    key: str

    @property
    def draft(self) -> Path:
        """The file while it is not complete, or not yet recorded."""
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        return self.path.with_name(f".{self.path.name}.{digest}.part")

    def write(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        """Write the draft, mode 0600, and return its SHA-256.

        Args:
            columns: names of the columns.
            rows: values in the same order.

        Raises:
            CercleError: something stands at its place already.
        """
        if self.path.exists():
            raise CercleError(
                "There is a file of that name already", where=str(self.path), remedy="Name another one"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.draft.unlink(missing_ok=True)
        descriptor = os.open(self.draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            (_write_csv if self.format == "csv" else _write_jsonl)(file, columns, rows)
            file.flush()
            os.fsync(file.fileno())
        return _sha256(self.draft)

    def put(self) -> None:
        """Put the complete draft in its place; a reader sees the whole file or none."""
        self.draft.replace(self.path)

    def drop(self) -> None:
        """Remove the draft."""
        self.draft.unlink(missing_ok=True)

    def recover(self, sha256: str | None) -> None:
        """Put the file of an export in its place that was killed after it was recorded.

        Args:
            sha256: of the file as it was recorded.

        Raises:
            CercleError: the recorded file is nowhere.
        """
        if self.path.exists():
            return
        if self.draft.exists() and _sha256(self.draft) == sha256:
            self.put()
            return
        raise CercleError(
            "This export was made before, and its file is no longer here",
            where=str(self.path),
            remedy="Ask for the former file, or export under another key: it then counts as another contact",
        )


def _write_csv(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([protect(column) for column in columns])
    writer.writerows([protect(_as_text(cell)) for cell in row] for row in rows)


def _write_jsonl(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    for row in rows:
        line = dict(zip(columns, row, strict=True))
        file.write(json.dumps(line, ensure_ascii=False, default=_as_text) + "\n")


def _as_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
