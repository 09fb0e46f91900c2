"""Bad files: refused whole, with a sentence; odd names, links, bombs, files that change, a full disk."""

from __future__ import annotations

import gzip
import os
import random
import tracemalloc
from pathlib import Path

import psycopg
import pytest
import zstandard

from cercle.errors import CercleError
from cercle.load import load_landing
from cercle.load.steps import Load
from cercle.settings import Settings
from load_support import (
    HEADER,
    fresh_source,
    line,
    load_lines,
    load_row,
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
    stored,
    value,
    write,
    write_bytes,
)

GOOD_BEFORE = line("good", 1)
GOOD_AFTER = line("good", 2)
PLAIN = "\n".join([HEADER, GOOD_BEFORE, GOOD_AFTER, ""]).encode()
NOISE = random.Random(1).randbytes(90_000)
CUT = gzip.compress(b"\n".join(line("O1", n).encode() for n in range(5000)))[:-2000]
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "The file is empty"),
    "blanks": (b"\n \n", "nothing but blanks"),
    "a required column is missing": (PLAIN.replace(b"line_amount", b"amount"), "missing: line_amount"),
    "semicolons": (PLAIN.replace(b",", b";"), "separated by ';'"),
    "no header": ((GOOD_BEFORE + "\n").encode(), "missing"),
    "a column twice": (PLAIN.replace(b"is_return", b"ORDER_ID"), "same name"),
    "an unknown column twice": (PLAIN.replace(b"is_return", b"x,X"), "same name"),
    "a column without a name": (PLAIN.replace(b"is_return", b" "), "no name"),
    "the header's quote is open": (b'"' + PLAIN, "not valid CSV"),
    "the header is no text": (PLAIN.replace(b"is_return", b"\xff"), "not utf-8"),
    "UTF-16": (PLAIN.decode().encode("utf-16"), "UTF-16"),
    "a workbook": (b"PK\x03\x04" + PLAIN, "Excel"),
    "a truncated gzip": (CUT, "cut off"),
    "a damaged gzip": (gzip.compress(PLAIN)[:-8] + b"12345678", "damaged"),
    "a truncated zstd": (zstandard.compress(PLAIN * 50)[:-5], "cut off"),
    "a damaged zstd": (zstandard.compress(NOISE)[:4000] + b"\xff" * 90_000, "damaged"),
    "a truncated Parquet": (b"PAR1" + b"\x00" * 100, "Parquet file is cut off"),
    "a line of 9 MiB for a header": (b"x" * (9 << 20), "too long"),
    "UTF-16 without its mark": (PLAIN.decode().encode("utf-16-le"), "UTF-16"),
    "UTF-32": (PLAIN.decode().encode("utf-32"), "UTF-16 or binary"),
    "tabs": (PLAIN.replace(b",", b"\t"), "separated by a tab"),
    "bars": (PLAIN.replace(b",", b"|"), "separated by '|'"),
    "a required column is renamed": (PLAIN.replace(b"order_id", b"commande"), "missing: order_id"),
    "line ends of old Macs": (PLAIN.replace(b"\n", b"\r"), "not valid CSV"),
    "a page that says why there is no file": (b"<!DOCTYPE html>\n<title>403</title>\n", "All columns"),
    "a PDF": (b"%PDF-1.7\n" + PLAIN, "a PDF"),
    "a database": (b"SQLite format 3\x00" + PLAIN, "SQLite"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + PLAIN, "old Excel"),
    "packed with xz": (b"\xfd7zXZ\x00" + PLAIN, "xz"),
    "a gzip of nothing": (gzip.compress(b""), "The file is empty"),
    "a gzip with something behind it": (gzip.compress(PLAIN) + b"behind", "damaged"),
    "a gzip in a gzip": (gzip.compress(gzip.compress(PLAIN)), "not utf-8"),
    "a bomb for a header": (zstandard.compress(b"x" * (100 << 20)), "too long"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_whole(name: str, shared: Settings, tmp_path: Path) -> None:
    content, sentence = REFUSED[name]
    result = load_lines(shared, write_bytes(tmp_path, "lines.csv", content), fresh_source())

    assert result.state == "refused"
    assert sentence in result.message
    row = load_row(shared, result.load_id)
    assert (row["state"], row["read_count"]) == ("refused", 0)
    assert row["state_reason"] == result.message
    assert rejected(shared, result.load_id) == []
    if value(shared, "select to_regclass('raw.store__order_lines') is not null"):
        assert stored(shared, result, "1") == []


def test_a_json_array_is_refused(shared: Settings, tmp_path: Path) -> None:
    result = load_lines(shared, write_bytes(tmp_path, "lines.json", b'[{"order_id": "O1"}]'), fresh_source())
    assert result.state == "refused"
    assert "one object per line" in result.message


def test_a_refused_file_may_be_tried_again(shared: Settings, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, "lines.csv", PLAIN.replace(b"line_amount", b"amount"))
    source = fresh_source()
    first, second = (load_lines(shared, path, source) for _ in range(2))
    assert [first.state, second.state] == ["refused", "refused"]
    assert first.load_id != second.load_id


def test_a_file_with_a_header_alone_is_a_load_of_nothing(shared: Settings, tmp_path: Path) -> None:
    result = load_lines(shared, write(tmp_path, "lines.csv"), fresh_source())
    assert (result.state, result.read_count) == ("loaded", 0)


# --- names, links, bombs, and files that change ------------------------------------------------------------------

NAMES = (
    "it's.csv",
    'a"b.csv',
    "two\nlines.csv",
    "'); drop table ops.loads; --.csv",
    "%s %(a)s.csv",
    "thé 😀.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_loaded(name: str, shared: Settings, tmp_path: Path) -> None:
    result = load_lines(shared, write_bytes(tmp_path, name, PLAIN), fresh_source())
    assert (result.state, result.stored_count) == ("loaded", 2)
    assert load_row(shared, result.load_id)["file_name"] == name


def test_a_name_that_is_no_text_is_made_visible(shared: Settings, tmp_path: Path) -> None:
    result = load_lines(shared, write_bytes(tmp_path, os.fsdecode(b"caf\xe9.csv"), PLAIN), fresh_source())
    assert load_row(shared, result.load_id)["file_name"] == "caf\\xe9.csv"


@pytest.mark.parametrize("name", ['x"); drop table ops.loads; --', "%s", "$1", "x" * 300, "é\u202e"])
def test_a_column_of_any_name_is_kept(name: str, shared: Settings, tmp_path: Path) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    path = write(tmp_path, "lines.csv", f"{GOOD_BEFORE},odd", header=f"{HEADER},{quoted}")
    result = load_lines(shared, path, fresh_source())
    assert result.extra_columns == (name,)
    assert stored(shared, result, "_extra") == [({name: "odd"},)]


def test_a_field_of_100_megabytes_fills_no_memory(shared: Settings, tmp_path: Path) -> None:
    field = b",".join([b"x" * (100 << 20), *GOOD_BEFORE.encode().split(b",")[1:]])
    content = b"\n".join([HEADER.encode(), GOOD_BEFORE.encode(), field, GOOD_AFTER.encode(), b""])
    path = write_bytes(tmp_path, "lines.csv", zstandard.compress(content))
    del field, content
    tracemalloc.start()
    try:
        result = load_lines(shared, path, fresh_source())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rejected(shared, result.load_id) == [(3, "row_too_long")]
    assert result.stored_count == 2
    assert peak < 256 << 20


def test_a_file_that_grows_while_it_is_read_is_refused(shared: Settings, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, "lines.csv", PLAIN)

    def grow(count: int) -> None:
        if path.stat().st_size == len(PLAIN):
            with path.open("ab") as file:
                file.write(line("late").encode() + b"\n")

    source = fresh_source()
    result = load_lines(shared, path, source, on_rows=grow)
    assert (result.state, result.stored_count) == ("refused", 0)
    assert "changed while it was read" in result.message
    assert load_lines(shared, path, source).stored_count == 3


def test_a_link_out_of_the_landing_folder_is_refused(database: Settings, tmp_path: Path) -> None:
    outside = write_bytes(tmp_path, "elsewhere.csv", PLAIN)
    folder = database.landing_dir / "store" / "order_lines"
    folder.mkdir(parents=True)
    (folder / "link.csv").symlink_to(outside)
    write_bytes(folder, "own.csv", PLAIN)
    (folder / "inside.csv").symlink_to(folder / "own.csv")
    states = {result.file: (result.state, result.message) for result in load_landing(database)}
    state, message = states["store/order_lines/link.csv"]
    assert state == "refused"
    assert "out of the landing folder" in message
    assert sorted(state for state, _ in states.values()) == ["loaded", "refused", "skipped"]


def test_a_full_disk_leaves_nothing_and_is_told(
    shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object, **__: object) -> None:
        raise psycopg.errors.DiskFull("could not extend file: secret@exemple.fr")

    source = fresh_source()
    monkeypatch.setattr(Load, "_conclude", fill)
    with pytest.raises(CercleError, match="DiskFull") as caught:
        load_lines(shared, write_bytes(tmp_path, "lines.csv", PLAIN), source)
    assert "secret" not in str(caught.value)
    assert value(shared, "select count(*) from ops.loads where source = %s", source.name) == 0
    monkeypatch.undo()
    assert load_lines(shared, tmp_path / "lines.csv", source).stored_count == 2
