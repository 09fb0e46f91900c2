"""Bad rows: each is rejected alone, with its reason and as it stood; the rest goes on. Bad files: test_bad_files.py."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from cercle.load import LoadResult, load_file
from cercle.settings import Settings
from load_support import (
    HEADER,
    check_sums,
    fresh_source,
    line,
    load_lines,
    query,
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
    stored,
    write,
    write_bytes,
)

GOOD_BEFORE = line("good", 1)
GOOD_AFTER = line("good", 2)

BAD_ROWS: dict[str, tuple[bytes, str]] = {
    "too few cells": (b"O1,1,2025-03-01T10:00:00Z", "wrong_cell_count"),
    "too many cells": (line("O1").encode() + b",one,more", "wrong_cell_count"),
    "only commas": (b",,,,,,,", "missing_value"),
    "key is empty": (line("").encode(), "missing_value"),
    "key is blank": (line("  ").encode(), "missing_value"),
    "key is a no-break space": (line("\u00a0").encode(), "missing_value"),
    "required number is empty": (line(amount="").encode(), "missing_value"),
    "quote never closed": (line('"O1').encode(), "bad_csv"),
    "quote closed, then text": (line('"O1"x').encode(), "bad_csv"),
    "stray carriage return": (line("O\r1").encode(), "bad_csv"),
    "bytes that are not UTF-8": (line("O1").encode() + b"\xff\xfe", "bad_encoding"),
    "Latin-1 letter": (line("caf").encode().replace(b"caf", b"caf\xe9"), "bad_encoding"),
    "UTF-8 surrogate": (line("O1").encode().replace(b"O1", b"\xed\xa0\x80"), "bad_encoding"),
    "NUL": (line("O\x001").encode(), "nul_byte"),
    "words for a number": (line(amount="ten").encode(), "bad_number"),
    "not a number": (line(amount="NaN").encode(), "bad_number"),
    "infinite number": (line(amount="Infinity").encode(), "bad_number"),
    "infinite, with a sign": (line(amount="-inf").encode(), "bad_number"),
    "hexadecimal number": (line(amount="0x1F").encode(), "bad_number"),
    "number with an underscore": (line(amount="1_000").encode(), "bad_number"),
    "number with a currency": (line(amount="10 €").encode(), "bad_number"),
    "decimal comma": (line(amount='"10,50"').encode(), "bad_number"),
    "two points": (line(amount="1.2.3").encode(), "bad_number"),
    "huge exponent": (line(amount="1e99999").encode(), "bad_number"),
    "number of 200 digits": (line(amount="9" * 200).encode(), "bad_number"),
    "whole number with a fraction": (line(number="1.5").encode(), "bad_integer"),
    "whole number beyond 64 bits": (line(number="9223372036854775808").encode(), "bad_integer"),
    "neither true nor false": (line(is_return="maybe").encode(), "bad_boolean"),
    "the word now": (line(updated_at="now").encode(), "bad_timestamp"),
    "the word infinity": (line(updated_at="infinity").encode(), "bad_timestamp"),
    "French date": (line(updated_at="01/02/2025 10:00").encode(), "bad_timestamp"),
    "month 13": (line(updated_at="2025-13-01T10:00:00Z").encode(), "bad_timestamp"),
    "30 February": (line(updated_at="2025-02-30T10:00:00Z").encode(), "bad_timestamp"),
    "hour 25": (line(updated_at="2025-02-03T25:00:00Z").encode(), "bad_timestamp"),
    "epoch seconds": (line(updated_at="1735689600").encode(), "bad_timestamp"),
    "before Christ": (line(updated_at="2025-01-01 10:00 BC").encode(), "bad_timestamp"),
    "year 0001": (line(updated_at="0001-01-01T00:00:00Z").encode(), "timestamp_out_of_range"),
    "year 1899": (line(updated_at="1899-12-31T23:59:59Z").encode(), "timestamp_out_of_range"),
    "year 9999": (line(updated_at="9999-12-31T00:00:00Z").encode(), "timestamp_out_of_range"),
    "id ruined by a spreadsheet": (line("5.70301E+17").encode(), "spreadsheet_number"),
    "key of 600 bytes": (line("x" * 600).encode(), "value_too_long"),
    "field of 2 MiB": (line(product_id="x" * (2 << 20)).encode(), "value_too_long"),
    "row of 9 MiB": (line("x" * (9 << 20)).encode(), "row_too_long"),
    "overlong UTF-8": (line("O1").encode().replace(b"O1", b"\xc0\xaf"), "bad_encoding"),
    "a row in UTF-16": (line("O1").encode("utf-16-le"), "nul_byte"),
    "key is a blank of no width": (line("\u200b").encode(), "missing_value"),
    "id ruined by a French spreadsheet": (line('"5,70301E+17"').encode(), "spreadsheet_number"),
    "minus of typographers": (line(amount="\u22125").encode(), "bad_number"),
    "digits of another script": (line(amount="\u0661\u0662").encode(), "bad_number"),
    "digits of full width": (line(amount="\uff11").encode(), "bad_number"),
    "blanks between thousands": (line(amount="1 234.50").encode(), "bad_number"),
    "per cent": (line(amount="10%").encode(), "bad_number"),
    "a formula for a number": (line(amount="=1+1").encode(), "bad_number"),
    "SQL for a number": (line(amount="1); drop table ops.loads; --").encode(), "bad_number"),
    "a placeholder for a number": (line(amount="%s").encode(), "bad_number"),
    "SQL for a time": (line(updated_at="'); drop table ops.loads; --").encode(), "bad_timestamp"),
    "American date": (line(updated_at="12/31/2025 10:00").encode(), "bad_timestamp"),
    "date with points": (line(updated_at="31.12.2025").encode(), "bad_timestamp"),
    "zone that does not exist": (line(updated_at="2025-01-01 10:00 Mars/Olympus").encode(), "bad_timestamp"),
    "offset that does not exist": (line(updated_at="2025-01-01T10:00:00+19:00").encode(), "bad_timestamp"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_one_bad_row_is_rejected_alone(name: str, shared: Settings, tmp_path: Path) -> None:
    bad, code = BAD_ROWS[name]
    rows = (HEADER.encode(), GOOD_BEFORE.encode(), bad, GOOD_AFTER.encode())
    path = write_bytes(tmp_path, "lines.csv", b"\n".join(rows) + b"\n")

    result = load_lines(shared, path, fresh_source())

    assert (result.state, result.stored_count, result.rejected_count) == ("loaded", 2, 1)
    assert rejected(shared, result.load_id) == [(3, code)]
    assert result.reasons == {code: 1}
    assert stored(shared, result, "order_id, _line") == [("good", 2), ("good", 4)]
    [(reason, payload)] = rejects(shared, result, "reason, payload")
    assert reason.endswith(".")
    assert payload == shown(bad) or (payload.startswith(shown(bad)[:1000]) and "[cut at" in payload)
    check_sums(shared)


def rejects(settings: Settings, result: LoadResult, columns: str) -> list[tuple[Any, ...]]:
    """Columns of the rejected rows of a load, in the order of the file."""
    return query(
        settings, f"select {columns} from ops.rejected_rows where load_id = %s order by line", result.load_id
    )


def shown(row: bytes) -> str:
    """The row as it stood in the file, what is no text made visible."""
    return row.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def test_reasons_and_logs_hold_no_value_of_the_row(
    shared: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = write(
        tmp_path,
        "customers.csv",
        "C1,2025-01-01,loyalty,secret@exemple.fr,2099-01-01",
        "C2,2025-01-01,secret,x@exemple.fr,",
        header="customer_ref,updated_at,kind,email,birth_date",
    )
    result = load_file(shared, fresh_source(), path, "customers")
    reasons = rejects(shared, result, "reason")
    assert len(reasons) == 2
    assert not any("secret" in reason for (reason,) in reasons)
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0"),
        ("@SUM(1)", "@SUM(1)"),
        ("NULL", "NULL"),
        ("N/A", "N/A"),
        ("\\N", "\\N"),
        ("\\.", "\\."),
        ("  P1 ", "  P1 "),
        ("a\tb", "a\tb"),
        ("5'' \\ 7", "5'' \\ 7"),
        ("é😀\u202f", "é😀\u202f"),
        ('"a ""quoted"" word, and a comma"', 'a "quoted" word, and a comma'),
        ('"two\nlines"', "two\nlines"),
        ('"two\r\nlines"', "two\r\nlines"),
        ('"a\n\\.\nb"', "a\n\\.\nb"),
        ('5"', '5"'),
        ("\u202e51\u202c", "\u202e51\u202c"),
        ("a\x1fb", "a\x1fb"),
        ("a\u2028b\x85c", "a\u2028b\x85c"),
        ("\ufeffP1", "\ufeffP1"),
        ("'); drop table ops.loads; --", "'); drop table ops.loads; --"),
        ("%s %(name)s {0} $1 \\1", "%s %(name)s {0} $1 \\1"),
    ],
)
def test_text_is_kept_as_it_is(cell: str, text: str, shared: Settings, tmp_path: Path) -> None:
    rows = "\n".join([HEADER, line(product_id=cell), GOOD_AFTER, ""])
    path = write_bytes(tmp_path, "lines.csv", rows.encode())
    result = load_lines(shared, path, fresh_source())
    assert stored(shared, result, "product_id") == [(text,), ("P1",)]


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("line_amount", "1e2", "100"),
        ("line_amount", "1.5E-07", "0.00000015"),
        ("line_amount", "-12.30", "-12.30"),
        ("line_amount", "+.5", "0.5"),
        ("line_amount", " 7 ", "7"),
        ("line_number", "3.0", "3"),
        ("line_number", "007", "7"),
        ("is_return", "Yes", "true"),
        ("is_return", "0", "false"),
        ("updated_at", "2025-07-01 12:00", "2025-07-01 10:00:00+00"),  # the source's zone: Paris, in summer
        ("updated_at", "2025-01-01", "2024-12-31 23:00:00+00"),
        ("updated_at", "2025-01-01T10:00:00.1234567Z", "2025-01-01 10:00:00.123457+00"),
        ("updated_at", "2025-01-01 10:00 UTC", "2025-01-01 10:00:00+00"),
        ("updated_at", "2025-03-30 02:30", "2025-03-30 01:30:00+00"),  # the hour that daylight saving skips
        ("updated_at", "2025-10-26 02:30", "2025-10-26 01:30:00+00"),  # the hour that it repeats
    ],
)
def test_values_are_read_in_their_usual_forms(
    column: str, cell: str, text: str, shared: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, "lines.csv", line(**{"amount": "1", column: cell}))
    assert stored(shared, load_lines(shared, path, fresh_source()), f"{column}::text") == [(text,)]


def test_one_open_quote_does_not_swallow_the_file(shared: Settings, tmp_path: Path) -> None:
    rows = [line("O1", number) for number in range(1, 40_001)]
    rows[10] = line("O1", '"11')
    rows[30_000] = line("O1", 30_001, product_id='"two\nlines"')
    result = load_lines(shared, write(tmp_path, "lines.csv", *rows), fresh_source())
    assert (result.stored_count, result.rejected_count) == (39_999, 1)
    assert rejected(shared, result.load_id) == [(12, "bad_csv")]


def test_rows_after_a_row_of_several_lines_keep_their_line(shared: Settings, tmp_path: Path) -> None:
    several = line(product_id='"a\nb\nc"')
    path = write(tmp_path, "lines.csv", several, "", line(number=2, amount="x"), line(number=3))
    result = load_lines(shared, path, fresh_source())
    assert rejected(shared, result.load_id) == [(6, "bad_number")]
    assert stored(shared, result, "line_number, _line") == [(1, 2), (3, 7)]


def test_many_rejected_rows_keep_their_own_payload(shared: Settings, tmp_path: Path) -> None:
    rows = [line("O1", number, amount="x" if number % 3 else "1") for number in range(1, 12_001)]
    rows[100] = line("O1", 101, amount='"x\ny"')
    result = load_lines(shared, write(tmp_path, "lines.csv", *rows), fresh_source())
    assert result.rejected_count == 8_000
    payloads = dict(rejects(shared, result, "line, payload"))
    after = {number: text for number, text in payloads.items() if number > 102}
    assert payloads[102] == rows[100]
    assert all(text == rows[number - 2] for number, text in payloads.items() if number < 102)
    assert len(after) > 7_900  # the row of two lines moves those behind it
    assert all(text == rows[number - 3] for number, text in after.items())
    check_sums(shared)
