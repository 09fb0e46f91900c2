"""What a simulated retailer delivers while the soak runs: the history, then a delivery of every source each day."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet
import zstandard

from cercle.simulate import WorldConfig
from cercle.simulate.world import simulate

__all__ = ["Delivery", "deliveries", "land", "simulate_history"]


@dataclass(frozen=True)
class Delivery:
    """One file of a source, as it arrives.

    Attributes:
        day: of the soak, from 1.
        source: instance that delivers it.
        name: below the landing folder.
        content: its bytes.
    """

    day: int
    source: str
    name: str
    content: bytes


def simulate_history(folder: Path, customers: int, seed: int, real_days: float) -> None:
    """Make a world in a folder, and hold the last days back for `deliveries`."""
    simulate(WorldConfig(customers=customers, days=365, seed=seed, out=folder, increment_days=real_days))


def deliveries(folder: Path, days: int) -> list[Delivery]:
    """Return what was held back, in equal parts of the order in which the sources came to know it.

    Args:
        folder: of `simulate_history`.
        days: of the soak.
    """
    found = []
    for path in sorted((folder / "landing_next").glob("*/*/*")):
        source, entity = path.relative_to(folder / "landing_next").parts[:2]
        stem, _, suffix = path.name.partition(".")
        for day, content in enumerate(_parts(path, days), start=1):
            found.append(Delivery(day, source, f"{source}/{entity}/{stem}-day{day}.{suffix}", content))
    return found


def land(landing: Path, name: str, content: bytes) -> None:
    """Let a file appear whole in the landing folder, as a careful sender does."""
    target = landing / name
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = landing.parent / f"{target.name}.arriving"
    draft.write_bytes(content)
    shutil.move(draft, target)


def _parts(path: Path, count: int) -> Sequence[bytes]:
    """Split a file; a part without a row repeats the file's own row of that number, as a source with no news does."""
    if path.suffix == ".parquet":
        return _parquet_parts(path, count)
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    lines = content.splitlines(keepends=True)
    header = lines[:1] if ".csv" in path.name else []
    rows = _records(lines[len(header) :])
    parts = []
    for number in range(count):
        own = rows[_cut(rows, number, count) : _cut(rows, number + 1, count)] or [rows[number % len(rows)]]
        parts.append(_packed(path.suffix, b"".join([*header, *own])))
    return parts


def _parquet_parts(path: Path, count: int) -> Sequence[bytes]:
    table = pyarrow.parquet.read_table(path)
    parts = []
    for number in range(count):
        begin, end = (len(table) * edge // count for edge in (number, number + 1))
        stream = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(table.slice(begin, max(end - begin, 1)), stream)
        parts.append(stream.getvalue().to_pybytes())
    return parts


def _records(lines: Sequence[bytes]) -> list[bytes]:
    """Join the lines of a quoted text field that has several."""
    records: list[bytes] = []
    is_open = False
    for line in lines:
        if is_open:
            records[-1] += line
        else:
            records.append(line)
        is_open ^= line.count(b'"') % 2 == 1
    return records


def _cut(rows: Sequence[bytes], number: int, count: int) -> int:
    return len(rows) * number // count


def _packed(suffix: str, content: bytes) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content, mtime=0)
    if suffix == ".zst":
        return zstandard.ZstdCompressor().compress(content)
    return content
