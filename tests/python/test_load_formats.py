"""Formats: CSV, JSON lines, Parquet, plain or packed, and what a plugin's own parser yields."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pandas
import pyarrow
import pytest
import zstandard
from pyarrow import parquet

from cercle.load import FileRefusedError, load_file
from cercle.settings import Settings
from cercle.sources import BadRow, ParseContext, Parser
from load_support import (
    COLUMNS,
    HEADER,
    check_sums,
    fresh_source,
    line,
    load_lines,
    own_source,
    query,
    rejected,
    shared_database,  # noqa: F401 (the fixture `shared`)
    stored,
    write,
    write_bytes,
)

ROWS = [line("O1", number, amount=f"{number}.50") for number in range(1, 4)]
PLAIN = "\n".join([HEADER, *ROWS, ""]).encode()


def item(number: int = 1, **values: Any) -> dict[str, Any]:
    """An order line as an object."""
    row: dict[str, Any] = dict(
        zip(COLUMNS, line("O1", number, amount=f"{number}.50").split(","), strict=True)
    )
    return {
        **row,
        "line_number": number,
        "quantity": 1,
        "line_amount": number + 0.5,
        "is_return": False,
        **values,
    }


def jsonl(*items: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in items)


PACKINGS = {
    "plain": PLAIN,
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "no line feed at the end": PLAIN.rstrip(),
    "blank lines": PLAIN.replace(b"\n", b"\n\n"),
    "all cells quoted": "\n".join(
        ",".join(f'"{cell}"' for cell in row.split(",")) for row in (HEADER, *ROWS)
    ).encode(),
    "header in capitals and blanks": PLAIN.replace(
        HEADER.encode(), HEADER.upper().replace(",", " , ").encode()
    ),
    "gzip": gzip.compress(PLAIN),
    "gzip of several members": gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]),
    "zstd": zstandard.compress(PLAIN),
    "zstd of several frames": zstandard.compress(PLAIN[:100]) + zstandard.compress(PLAIN[100:]),
    "zstd without the size": zstandard.ZstdCompressor(write_content_size=False).compress(PLAIN),
}


@pytest.mark.parametrize("name", PACKINGS)
def test_every_packing_gives_the_same_rows(name: str, shared: Settings, tmp_path: Path) -> None:
    # The name says nothing of the packing: the first bytes do.
    result = load_lines(shared, write_bytes(tmp_path, "lines.csv", PACKINGS[name]), fresh_source())
    assert (result.read_count, result.stored_count) == (3, 3)
    assert stored(shared, result, "order_id, line_number, line_amount::text") == [
        ("O1", 1, "1.50"),
        ("O1", 2, "2.50"),
        ("O1", 3, "3.50"),
    ]


def test_all_formats_give_the_same_rows(shared: Settings, tmp_path: Path) -> None:
    source = fresh_source()
    first = load_lines(shared, write(tmp_path, "lines.csv", *ROWS), source)
    items = [item(number) for number in (1, 2, 3)]
    lines = write_bytes(tmp_path, "lines.jsonl", jsonl(*items))
    table = tmp_path / "lines.parquet"
    frame = pandas.DataFrame(items)
    frame["updated_at"] = pandas.to_datetime(frame["updated_at"])
    parquet.write_table(pyarrow.Table.from_pandas(frame), table)
    for path in (lines, table):
        result = load_lines(shared, path, source)
        assert (result.state, result.stored_count, result.known_count) == ("loaded", 0, 3), path.name
    assert first.stored_count == 3
    check_sums(shared)


def test_something_else_is_refused(shared: Settings, tmp_path: Path) -> None:
    result = load_lines(shared, write_bytes(tmp_path, "lines.csv", bz2.compress(PLAIN)), fresh_source())
    assert result.state == "refused"
    assert "bzip2" in result.message


# --- JSON lines ------------------------------------------------------------------------------------------------

BAD_LINES: dict[str, tuple[bytes, str]] = {
    "a list": (b"[1, 2]", "not_an_object"),
    "a number": (b"7", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "half an object": (b'{"order_id": "O1"', "bad_json"),
    "two objects": (b"{} {}", "bad_json"),
    "NaN": (b'{"line_amount": NaN}', "bad_json"),
    "bytes that are not UTF-8": (b'{"order_id": "\xff"}', "bad_encoding"),
    "a NUL in a text": (jsonl(item(order_id="O\x001")).strip(), "nul_byte"),
    "a NUL in an unknown column": (jsonl(item(other="O\x001")).strip(), "bad_json_value"),
    "half a surrogate pair": (b'{"order_id": "\\ud800"}', "bad_json"),
    "a number that lost digits": (
        jsonl(item()).strip().replace(b'"P1"', b"123456789012345678901"),
        "imprecise_number",
    ),
    "a required value is null": (jsonl(item(product_id=None)).strip(), "missing_value"),
    "a required value is empty": (jsonl(item(product_id="")).strip(), "missing_value"),
    "a required key is missing": (jsonl({"order_id": "O1"}).strip(), "missing_value"),
    "an object for a number": (jsonl(item(line_amount={"value": 1})).strip(), "bad_number"),
    "too deep": (b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}", "bad_json"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_one_bad_line_is_rejected_alone(name: str, shared: Settings, tmp_path: Path) -> None:
    bad, code = BAD_LINES[name]
    content = jsonl(item(8)) + bad + b"\n" + jsonl(item(9))
    result = load_lines(shared, write_bytes(tmp_path, "lines.jsonl", content), fresh_source())
    assert rejected(shared, result.load_id) == [(2, code)]
    assert stored(shared, result, "line_number, _line") == [(8, 1), (9, 3)]
    [(payload,)] = query(shared, "select payload from ops.rejected_rows where load_id = %s", result.load_id)
    assert payload == bad.decode("utf-8", "backslashreplace")
    check_sums(shared)


def test_unknown_keys_are_kept(shared: Settings, tmp_path: Path) -> None:
    content = jsonl(item(1, colour="blue", tags=["a", {"b": 1}]), item(2, colour=None))
    result = load_lines(shared, write_bytes(tmp_path, "lines.jsonl", content), fresh_source())
    assert result.extra_columns == ("colour", "tags")
    assert stored(shared, result, "_extra") == [({"colour": "blue", "tags": ["a", {"b": 1}]},), (None,)]


def test_a_key_that_no_row_has_refuses_the_file(shared: Settings, tmp_path: Path) -> None:
    items = [item(number) for number in (1, 2)]
    for one in items:
        del one["product_id"]
    result = load_lines(shared, write_bytes(tmp_path, "lines.jsonl", jsonl(*items)), fresh_source())
    assert result.state == "refused"
    assert "product_id" in result.message


# --- Parquet ---------------------------------------------------------------------------------------------------


def test_parquet_types_are_read(shared: Settings, tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "order_id": pyarrow.array(["O1", "O2"]).dictionary_encode(),
            "line_number": pyarrow.array([1, 2], pyarrow.int16()),
            "updated_at": pyarrow.array([1735725600123456789, None], pyarrow.timestamp("ns", "UTC")),
            "product_id": pyarrow.array([b"P1", b"P2"]),
            "quantity": pyarrow.array([1.5, float("nan")]),
            "line_amount": pyarrow.array([1, 2], pyarrow.decimal128(10, 2)),
            "currency_code": ["EUR", "EUR"],
            "is_return": [True, None],
            "more": [{"a": 1}, None],
        }
    )
    path = tmp_path / "lines.parquet"
    parquet.write_table(table, path)
    result = load_lines(shared, path, fresh_source())
    assert rejected(shared, result.load_id) == [(2, "missing_value")]
    columns = (
        "order_id, updated_at::text, product_id, quantity::text, line_amount::text, is_return, _extra, _line"
    )
    assert stored(shared, result, columns) == [
        ("O1", "2025-01-01 10:00:00.123456+00", "P1", "1.5", "1.00", True, {"more": {"a": 1}}, 1)
    ]
    [(payload,)] = query(shared, "select payload from ops.rejected_rows where load_id = %s", result.load_id)
    assert json.loads(payload)["order_id"] == "O2"


# --- parsers of plugins ----------------------------------------------------------------------------------------

TILL = """
- name: tickets
  description: One row per ticket.
  customProperties:
    - {property: delivery, value: events}
  properties:
    - {name: ticket, description: Its number., logicalType: string, physicalType: text, required: true,
       primaryKey: true}
    - name: price
      description: What it cost.
      logicalType: number
      physicalType: numeric
      customProperties: [{property: semanticType, value: money}]
    - {name: sold_at, description: When., logicalType: timestamp, physicalType: timestamptz}
"""


def rows_parser(stream: BinaryIO, context: ParseContext) -> Iterator[Any]:
    """`ticket=price` on each line; a file may hold several tickets on a line."""
    assert (context.file_name, context.region, context.time_zone) == ("day.txt", "FR", "Europe/Paris")
    for number, text in enumerate(stream, start=1):
        for pair in text.decode().split():
            ticket, separator, price = pair.partition("=")
            if separator:
                yield number, {"ticket": ticket, "price": price, "till": 7}
            else:
                yield BadRow(number, "There is no price.", pair)


def test_a_parser_yields_rows(database: Settings, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, "day.txt", gzip.compress(b"T1=1.5 T2=2\nT3\nT4=x T1=1.5\n"))
    with own_source(tmp_path, TILL, {"tickets": rows_parser}) as source:
        result = load_file(database, source, path, "tickets")
    assert (result.read_count, result.stored_count, result.known_count, result.rejected_count) == (5, 2, 1, 2)
    assert rejected(database, result.load_id) == [(2, "not_parsed"), (3, "bad_number")]
    assert query(database, "select ticket, price::text, _line, _extra from raw.till__tickets order by 1") == [
        ("T1", "1.5", 1, {"till": 7}),
        ("T2", "2", 1, {"till": 7}),
    ]
    [(first,), (second,)] = query(database, "select payload from ops.rejected_rows order by line")
    assert first == "T3"
    assert json.loads(second) == {"ticket": "T4", "price": "x", "_extra": '{"till":7}'}
    check_sums(database, "raw.till__tickets", "price")


def broken_parser(stream: BinaryIO, context: ParseContext) -> Iterator[Any]:
    yield 1, {"ticket": "T1", "price": 1}
    raise ValueError("a secret of Ana")


def picky_parser(stream: BinaryIO, context: ParseContext) -> Iterator[Any]:
    stream.read()
    raise FileRefusedError("It is last year's format", remedy="Export it again")
    yield


@pytest.mark.parametrize(
    ("parser", "content", "sentence"),
    [
        (broken_parser, b"x", "broke on the file (ValueError)"),
        (picky_parser, b"x", "It is last year's format. Export it again."),
        (picky_parser, gzip.compress(b"x" * 9000, mtime=0)[:-9], "cut off"),
    ],
    ids=["breaks", "refuses", "is cut off"],
)
def test_a_parser_that_breaks_refuses_the_file(
    parser: Parser, content: bytes, sentence: str, database: Settings, tmp_path: Path
) -> None:
    with own_source(tmp_path, TILL, {"tickets": parser}) as source:
        result = load_file(database, source, write_bytes(tmp_path, "day.txt", content), "tickets")
    assert result.state == "refused"
    assert sentence in result.message
    assert "secret" not in result.message
    assert query(database, "select count(*) from ops.loads") == [(1,)]


def frames_parser(stream: BinaryIO, context: ParseContext) -> Iterator[pandas.DataFrame]:
    yield pandas.DataFrame(
        {
            "ticket": ["T1", "T2"],
            "price": [1.5, None],
            "sold_at": [pandas.Timestamp("2025-07-01 12:00"), pandas.NaT],
        }
    )
    yield pandas.DataFrame({"ticket": ["T3"], "price": [3], "_line": [30]})


def test_a_parser_yields_data_frames(database: Settings, tmp_path: Path) -> None:
    with own_source(tmp_path, TILL, {"tickets": frames_parser}) as source:
        result = load_file(database, source, write_bytes(tmp_path, "day.bin", b"\x00\x01"), "tickets")
    assert result.stored_count == 3
    columns = "ticket, price::text, sold_at::text, _line"
    assert query(database, f"select {columns} from raw.till__tickets order by 1") == [
        ("T1", "1.5", "2025-07-01 10:00:00+00", 1),
        ("T2", None, None, 2),
        ("T3", "3", None, 30),
    ]


FRENCH = """
- name: ventes
  description: One row per sale.
  customProperties:
    - {property: delivery, value: events}
    - {property: delimiter, value: ";"}
    - {property: encoding, value: cp1252}
  properties:
    - name: label
      description: Label.
      logicalType: string
      physicalType: text
      customProperties: [{property: sourceColumn, value: [Libellé, Label]}]
    - name: amount
      description: Amount.
      logicalType: number
      physicalType: numeric
      customProperties: [{property: decimalSeparator, value: ","}, {property: semanticType, value: money}]
    - name: sold_at
      description: When.
      logicalType: timestamp
      physicalType: timestamptz
      customProperties: [{property: dateOrder, value: dmy}]
    - name: day
      description: Day.
      logicalType: date
      physicalType: date
      customProperties: [{property: dateOrder, value: dmy}]
"""


def test_a_contract_says_how_the_french_write(database: Settings, tmp_path: Path) -> None:
    rows = [
        "LIBELLÉ;Amount;sold_at;day",
        "thé;1\u00a0234,50;03/02/2025 10:00;03/02/2025",
        "café;1.234;01/07/2025;",
        "eau;0,5;2025-02-03 10:00;31/02/2025",
    ]
    path = write_bytes(tmp_path, "ventes.csv", "\n".join(rows).encode("cp1252"))
    with own_source(tmp_path, FRENCH) as source:
        result = load_file(database, source, path, "ventes")
    assert rejected(database, result.load_id) == [(4, "bad_date")]
    columns = "label, amount::text, sold_at::text, day::text"
    assert query(database, f"select {columns} from raw.till__ventes order by _line") == [
        ("thé", "1234.50", "2025-02-03 09:00:00+00", "2025-02-03"),
        ("café", "1234", "2025-06-30 22:00:00+00", None),
    ]
    check_sums(database, "raw.till__ventes", "amount")


# --- rows without a key ----------------------------------------------------------------------------------------

VISITS = """
- name: visits
  description: One row per visit; there is no key.
  customProperties:
    - {property: delivery, value: events}
  properties:
    - {name: day, description: Day., logicalType: date, physicalType: date, required: true}
    - {name: page, description: Page., logicalType: string, physicalType: text}
"""
PARTITIONED = VISITS.replace(
    "value: events}", "value: events}\n    - {property: partitionColumn, value: day}"
)


def test_identical_rows_without_a_key_are_all_real(database: Settings, tmp_path: Path) -> None:
    with own_source(tmp_path, VISITS) as source:
        one = write(tmp_path, "one.csv", "2025-01-01,a", "2025-01-01,a", "2025-01-01,b", header="day,page")
        more = write(tmp_path, "more.csv", *["2025-01-01,a"] * 3, "2025-01-02,a", header="day,page")
        first = load_file(database, source, one, "visits")
        second = load_file(database, source, more, "visits")
    assert (first.stored_count, first.known_count) == (3, 0)
    assert (second.stored_count, second.known_count) == (2, 2)
    counts = (
        "select day::text, page, count(*), max(_occurrence) from raw.till__visits group by 1, 2 order by 1, 2"
    )
    assert query(database, counts) == [
        ("2025-01-01", "a", 3, 2),
        ("2025-01-01", "b", 1, 0),
        ("2025-01-02", "a", 1, 0),
    ]


def test_a_partition_that_comes_again_replaces_its_rows(database: Settings, tmp_path: Path) -> None:
    from cercle import db
    from cercle.load import set_load_state

    def standing() -> list[tuple[Any, ...]]:
        wanted = """
            select day::text, page
            from raw.till__visits as visits
            inner join ops.loads on visits._load_id = loads.load_id and loads.state <> 'quarantined'
            where visits._replaced_by_load_id is null
            order by 1, 2
        """
        return query(database, wanted)

    header = "day,page"
    with own_source(tmp_path, PARTITIONED) as source:
        one = write(tmp_path, "one.csv", "2025-01-01,a", "2025-01-01,b", "2025-01-02,c", header=header)
        two = write(tmp_path, "two.csv", "2025-01-01,b", "2025-01-01,z", header=header)
        first = load_file(database, source, one, "visits")
        second = load_file(database, source, two, "visits")
        assert (first.replaced_count, second.stored_count, second.replaced_count) == (0, 2, 2)
        assert standing() == [("2025-01-01", "b"), ("2025-01-01", "z"), ("2025-01-02", "c")]
        with pytest.MonkeyPatch.context() as patch, db.connect(database) as connection:
            patch.setattr("cercle.load.states.installed_plugins", lambda: {"till": source.plugin})
            assert second.load_id is not None
            set_load_state(connection, second.load_id, "quarantined", "a test")
            connection.commit()
            assert standing() == [("2025-01-01", "a"), ("2025-01-01", "b"), ("2025-01-02", "c")]
            set_load_state(connection, second.load_id, "released", "a test")
            connection.commit()
        assert standing() == [("2025-01-01", "b"), ("2025-01-01", "z"), ("2025-01-02", "c")]
