"""Landing files: which row goes into which file and format, with repeats and dirty rows; the same bytes each time."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import orjson

from cercle.errors import CercleError
from cercle.simulate.clock import Ints
from cercle.simulate.config import WorldConfig
from cercle.simulate.dirty import FAULTS, DirtyRow, faults_of, spoil_csv, spoil_json
from cercle.simulate.table import Table

__all__ = ["FORMATS", "Written", "write_table"]

Array = npt.NDArray[Any]
# source/entity -> suffix of its files; whatever is not named is plain CSV.
FORMATS: dict[str, str] = {
    "social/accounts": "jsonl",
    "social/interactions": "jsonl.gz",
    "privacy/consent_events": "jsonl",
    "privacy/notices": "jsonl",
    "social/page_daily": "parquet",
    "contact/group_bookings": "parquet",
    "phone/calls": "csv.zst",
    "email/campaign_events": "csv.gz",
    "store/order_lines": "csv.gz",
}
# Entities with a history in four files; the others come in one.
_QUARTERS = {
    "store/customers", "store/orders", "store/order_lines", "store/visits", "social/interactions", "email/messages",
    "email/campaign_events", "phone/calls", "contact/contacts", "privacy/consent_events",
}  # fmt: skip
_FREE_TEXTS = {"body", "note", "subject", "transcript"}
_AT_ONCE = 20_000
_LATE = 0.004  # rows that come a file later than their time says
_OVERLAP = 0.002  # rows of the file before that a file brings again


@dataclass
class Written:
    """What was written of a table, per part of the world (landing, landing_next).

    Attributes:
        rows: distinct rows.
        repeats: rows that a file before, or the same one, already had.
        dirty: the dirty rows.
        files: paths below the part's folder, in order.
    """

    rows: dict[str, int] = field(default_factory=lambda: {"landing": 0, "landing_next": 0})
    repeats: dict[str, int] = field(default_factory=lambda: {"landing": 0, "landing_next": 0})
    dirty: dict[str, list[DirtyRow]] = field(default_factory=lambda: {"landing": [], "landing_next": []})
    files: dict[str, list[str]] = field(default_factory=lambda: {"landing": [], "landing_next": []})


def write_table(config: WorldConfig, table: Table) -> Written:
    """Write the files of a table.

    Args:
        config: where to, and what belongs to the increment.
        table: all rows of the world.

    Returns:
        What was written.
    """
    rng = config.rng("files", table.name)
    written = Written()
    for part, number, fresh, before in _plan(config, table, rng):
        new = len(fresh)
        size = min(len(before), round(len(before) * _OVERLAP))
        repeats = _repeatable(table, before[np.sort(rng.choice(len(before), size, replace=False))])
        rows = np.concatenate([repeats, fresh])
        suffix = FORMATS.get(table.name, "csv")
        name = f"{table.source}/{table.entity}/{table.entity}-{number:02d}.{suffix}"
        path = config.out / part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        faults: list[tuple[str, str]] = []
        # Every other file is dirty; only the clean ones hold texts of several lines.
        is_dirty = table.name in FAULTS and number % 2 == 1
        if is_dirty:
            wanted = max(len(FAULTS[table.name]) + 2, round(new * 0.0005)) if part == "landing" else 2
            faults = faults_of(table.name, min(wanted, new), rng)
        at = np.sort(rng.integers(0, len(rows) + 1, len(faults))).tolist()
        lines = _write_file(path, table, rows, list(zip(at, faults, strict=True)), one_line=is_dirty)
        written.rows[part] += new
        written.repeats[part] += len(repeats)
        written.files[part].append(name)
        written.dirty[part] += [
            DirtyRow(table.source, table.entity, name, line, reason, column)
            for line, (reason, column) in zip(lines, faults, strict=True)
        ]
    return written


def _repeatable(table: Table, rows: Array) -> Array:
    """Leave out texts of several lines: dirty files hold them in one line, and a repeat is the same to the letter."""
    texts = [column.texts(rows) for name, column in table.columns.items() if name in _FREE_TEXTS]
    is_single = [not any(cell and "\n" in cell for cell in cells) for cells in zip(*texts, strict=True)]
    return rows[np.array(is_single, dtype=np.bool_)] if texts else rows


def _plan(
    config: WorldConfig, table: Table, rng: np.random.Generator
) -> Iterator[tuple[str, int, Array, Array]]:
    """Yield part, number of the file, its rows, and the rows of the file before."""
    order = np.argsort(table.known_at, kind="stable")
    known_at = table.known_at[order]
    is_next = known_at >= config.cut
    files = 4 if table.name in _QUARTERS else 1
    last = min(config.cut, config.end)
    edges = config.start + np.arange(1, files) * (last - config.start) // files
    place = np.searchsorted(edges, known_at, side="right")
    late = rng.random(len(order)) < _LATE
    place = np.where(late & (place < files - 1), place + 1, place)
    place = np.where(is_next, files, place)
    before = np.empty(0, dtype=np.int64)
    for number in range(files + 1):
        rows = order[place == number]
        if not len(rows):
            continue
        yield ("landing_next" if number == files else "landing"), number + 1, rows, before
        before = rows


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for plain bytes; compressed ones carry neither name nor time."""
    with path.open("wb") as file:
        if path.suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=4) as packed:
                yield packed  # type: ignore[misc]
        elif path.suffix == ".zst":
            import zstandard

            with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as packed_stream:
                yield packed_stream
        else:
            yield file


def _write_file(
    path: Path, table: Table, rows: Array, dirty: list[tuple[int, tuple[str, str]]], *, one_line: bool
) -> list[int]:
    """Write a file; return the lines of the dirty rows."""
    if ".parquet" in path.name:
        _write_parquet(path, table, rows)
        return []
    is_json = ".jsonl" in path.name
    lines: list[int] = []
    line = 1 if is_json else 2
    with _opened(path) as file:
        if not is_json:
            file.write(_csv([list(table.columns)]))
        for begin in range(0, max(len(rows), 1), _AT_ONCE):
            chunk = rows[begin : begin + _AT_ONCE]
            records = _records(table, chunk, one_line=one_line)
            cuts = [
                entry
                for entry in dirty
                if begin <= entry[0] < begin + len(chunk) or (begin + len(chunk) == len(rows) == entry[0])
            ]
            done = 0
            for at, fault in cuts:
                piece = records[done : at - begin]
                file.write(_bytes(table, piece, is_json=is_json))
                line += len(piece)
                done = at - begin
                file.write(
                    _dirty_row(
                        table, records[done % len(records)], fault, len(lines), path.name, is_json=is_json
                    )
                )
                lines.append(line)
                line += 1
            file.write(_bytes(table, records[done:], is_json=is_json))
            line += len(records) - done
        file.flush()
    return lines


def _records(table: Table, rows: Ints, *, one_line: bool) -> list[tuple[str | None, ...]]:
    columns = []
    for name, column in table.columns.items():
        cells = column.texts(rows)
        if one_line and name in _FREE_TEXTS:
            cells = [cell.replace("\n", " ") if cell else cell for cell in cells]
        columns.append(cells)
    return list(zip(*columns, strict=True))


def _bytes(table: Table, records: list[tuple[str | None, ...]], *, is_json: bool) -> bytes:
    if not is_json:
        return _csv(records)
    readers = [(name, _READERS.get(column.kind)) for name, column in table.columns.items()]
    return b"".join(orjson.dumps(_item(readers, record)) + b"\n" for record in records)


def _csv(records: list[Any]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(records)
    return buffer.getvalue().encode()


_READERS: dict[str, Callable[[str], object]] = {
    "integer": int,
    "number": float,
    "boolean": lambda cell: cell == "true",
    "json": orjson.loads,
}


def _item(
    readers: list[tuple[str, Callable[[str], object] | None]], record: tuple[str | None, ...]
) -> dict[str, object]:
    """A row as a JSON object: no nulls, numbers and booleans as such."""
    return {
        name: cell if reader is None else reader(cell)
        for (name, reader), cell in zip(readers, record, strict=True)
        if cell is not None
    }


def _dirty_row(
    table: Table,
    record: tuple[str | None, ...],
    fault: tuple[str, str],
    number: int,
    file: str,
    *,
    is_json: bool,
) -> bytes:
    """A copy of a clean row under a key of its own, with one fault."""
    cells = dict(zip(table.columns, record, strict=True))
    cells[table.key[-1] if table.key[-1] != "line_number" else table.key[0]] = (
        f"DIRTY-{file.partition('.')[0]}-{number}"
    )
    if is_json:
        readers = [(name, _READERS.get(column.kind)) for name, column in table.columns.items()]
        return spoil_json(_item(readers, tuple(cells.values())), fault, number)
    return spoil_csv(cells, fault, number)


def _write_parquet(path: Path, table: Table, rows: Array) -> None:
    """Write a Parquet file with the types of the contract."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise CercleError(
            "Some files of a simulated world are Parquet, which needs the package pyarrow",
            remedy="pip install 'cercle[vendors]'",
        ) from None
    types = {
        "integer": pa.int64(), "number": pa.decimal128(18, 2), "boolean": pa.bool_(), "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    arrays = {}
    for name, column in table.columns.items():
        cells = column.texts(rows)
        if column.kind in {"date", "timestamp"}:
            arrays[name] = pa.array(cells, pa.string()).cast(types[column.kind])
        elif column.kind == "number":
            arrays[name] = pa.array(
                [None if cell is None else Decimal(cell) for cell in cells], types["number"]
            )
        elif column.kind in types:
            arrays[name] = pa.array(
                [None if cell is None else _READERS[column.kind](cell) for cell in cells], types[column.kind]
            )
        else:
            arrays[name] = pa.array(cells, pa.string())
    parquet.write_table(pa.table(arrays), path, compression="zstd")
