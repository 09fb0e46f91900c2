"""Reads the files of a simulated world as a loader would see them, without the loader."""

from __future__ import annotations

import csv
import gzip
import io
import json
from functools import cache
from pathlib import Path

import yaml
import zstandard
from pyarrow import parquet

ROOT = Path(__file__).resolve().parents[2]


@cache
def entities() -> dict[str, dict]:
    found = {}
    for path in sorted((ROOT / "contracts").glob("*.yaml")):
        contract = yaml.safe_load(path.read_text(encoding="utf-8"))
        for entity in contract["schema"]:
            found[f"{contract['name']}/{entity['name']}"] = entity
    return found


def custom_properties(item: dict) -> dict:
    return {entry["property"]: entry["value"] for entry in item.get("customProperties", [])}


def _plain(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    return path.read_bytes()


def dirty_lines(folder: Path) -> dict[str, set[int]]:
    lines: dict[str, set[int]] = {}
    with (folder / "truth/dirty_rows.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            lines.setdefault(f"{row['part']}/{row['file']}", set()).add(int(row["line"]))
    return lines


def read_rows(folder: Path, part: str = "landing") -> dict[str, list[dict]]:
    """All clean rows by source/entity, as written; cells of JSON lines and Parquet keep their types."""
    dirty = dirty_lines(folder)
    found: dict[str, list[dict]] = {}
    for path in sorted((folder / part).rglob("*.*")):
        name = "/".join(path.relative_to(folder / part).parts[:2])
        bad = dirty.get(str(path.relative_to(folder)), set())
        rows = found.setdefault(name, [])
        if ".parquet" in path.name:
            rows += parquet.read_table(path).to_pylist()
        elif ".jsonl" in path.name:
            lines = _plain(path).split(b"\n")
            rows += [json.loads(line) for number, line in enumerate(lines, 1) if line and number not in bad]
        else:
            data = _plain(path)
            if bad:
                kept = [line for number, line in enumerate(data.split(b"\n"), 1) if number not in bad]
                data = b"\n".join(kept)
            reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
            rows += [{key: value or None for key, value in row.items()} for row in reader]
    return found
