"""Vetted rows go straight into raw, and are the rows that PostgreSQL's own judgement would have stored."""

from __future__ import annotations

import csv
import gzip
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cercle.load import LoadResult, distinct, load_file
from cercle.load.statements import Statements
from cercle.load.steps import Load
from cercle.settings import Settings
from cercle.sources import Source
from load_support import (
    fresh_source,
    line,
    load_lines,
    own_source,
    query,
    shared_database,  # noqa: F401 (the fixture `shared`)
    value,
    write,
)

CONTRACT = """
- name: slips
  physicalName: vetted__slips
  logicalType: object
  description: "One row per slip."
  customProperties:
    - {property: delivery, value: events}
  properties:
    - name: slip_id
      description: "Slip."
      logicalType: string
      physicalType: text
      required: true
      primaryKey: true
      primaryKeyPosition: 1
    - {name: item_count, description: "Items.", logicalType: integer, physicalType: bigint}
    - name: price_amount
      description: "Price."
      logicalType: number
      physicalType: numeric
      customProperties: [{property: semanticType, value: money}]
    - {name: is_paid, description: "Paid.", logicalType: boolean, physicalType: boolean}
    - {name: sold_date, description: "Day.", logicalType: date, physicalType: date, required: true}
    - {name: sold_at, description: "Moment.", logicalType: timestamp, physicalType: timestamptz}
    - name: kind
      description: "Kind."
      logicalType: string
      physicalType: text
      customProperties: [{property: acceptedValues, value: [cash, card]}]
    - name: email
      description: "Mailbox."
      logicalType: string
      physicalType: text
      classification: personal
      customProperties: [{property: semanticType, value: email}]
    - {name: details, description: "More.", logicalType: object, physicalType: jsonb}
"""
NAMES = (
    "slip_id",
    "item_count",
    "price_amount",
    "is_paid",
    "sold_date",
    "sold_at",
    "kind",
    "email",
    "details",
)

texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8),
    st.sampled_from(
        ["", " ", "a\tb", "a\\nb", "\\N", "\\.", 'say "no"', "one\ntwo", "é", "5.70301E+17", "\u200b"]
    ),
)
ODD = (
    texts,
    st.one_of(st.integers(-(2**64), 2**64).map(str), st.sampled_from(["", "007", "-0", "+1", "1.0", "1e3"])),
    st.one_of(
        st.decimals(-(10**6), 10**6, places=3).map(str),
        st.sampled_from(["", "0", "-0", "0.00", "-0.0", "-0.50", "1.50", "+1.5", ".5", "5.", "1e3", "NaN", "0x1F"]),
    ),
    st.sampled_from(["", "true", "false", "yes", "no", "t", "f", "0", "1", "True", "maybe"]),
    st.one_of(
        st.dates().map(str),
        st.sampled_from(["2025-02-29", "2024-02-29", "0001-01-01", "9999-12-31", "1899-12-31", "2025-1-1", "now", ""]),
    ),
    st.one_of(
        st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        st.datetimes().map(lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 100}+02:00"),
        st.sampled_from(
            [
                "2025-03-30T02:30:00",  # the hour that daylight saving skips
                "2025-10-26T02:30:00",  # the one that it repeats
                "2025-03-01T10:00:00.100Z",
                "2025-03-01T10:00:00.1234567Z",
                "2025-03-01T10:00:00-1130",
                "2025-03-01T24:00:00Z",
                "2025-03-01T10:00:60Z",
                "2025-03-01",
                "1899-12-31T23:59:59-12:00",
                "infinity",
                "",
            ]
        ),
    ),
    st.sampled_from(["", "cash", "card", "cheque", "Cash"]),
    st.sampled_from(["", "a@exemple.fr", "b@exemple.fr", "nobody"]),
    st.sampled_from(["", "", "", '{"b": 1, "a": 2}', "{"]),
)  # fmt: skip
PLAIN = ("3", "1.50", "true", "2025-03-01", "2025-03-01T10:00:00Z", "cash", "a@exemple.fr", "")
KEYS = st.sampled_from(["S1", "S2", "S3"])
# Most cells of a row are plain: else what one odd cell does is hidden by another.
slips = st.tuples(
    *(st.one_of(*[plain] * 5, odd) for plain, odd in zip((KEYS, *map(st.just, PLAIN)), ODD, strict=True))
)


@pytest.fixture(scope="module", name="till")
def till_source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    with own_source(tmp_path_factory.mktemp("till"), CONTRACT, name="vetted") as source:
        yield source


def everything(settings: Settings, result: LoadResult) -> tuple[object, ...]:
    """What a load left: its rows with their hashes, its rejected rows, its counts and sums."""
    rows = f"select _line, _row_hash, {', '.join(NAMES)} from raw.vetted__slips where _load_id = %s order by _line"
    rejects = "select line, reason_code, column_name, payload from ops.rejected_rows where load_id = %s order by line"
    counts = """
        select read_count, stored_count, known_count, rejected_count, sums::text from ops.loads where load_id = %s
    """
    return tuple(query(settings, text, result.load_id) for text in (rows, rejects, counts))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(slips, min_size=1, max_size=12), is_all_quoted=st.booleans())
def test_what_is_vetted_is_what_postgresql_would_have_stored(
    rows: list[tuple[str, ...]], is_all_quoted: bool, till: Source, shared: Settings, tmp_path: Path
) -> None:
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if is_all_quoted else csv.QUOTE_MINIMAL
    csv.writer(buffer, quoting=quoting, lineterminator="\n").writerows([NAMES, *rows])
    path = tmp_path / "slips.csv"
    path.write_bytes(buffer.getvalue().encode())

    vetted = load_file(shared, fresh_source(till), path, "slips")
    with mock.patch.object(Load, "_load_vetted", return_value=None):
        judged = load_file(shared, fresh_source(till), path, "slips")

    assert everything(shared, vetted) == everything(shared, judged)


ALONE = {  # no day that does not exist: with it the whole part is doubted
    0: ("", " ", "\u200b", "a\tb", "a\\nb", "\\N", "\\.", "5.70301E+17", "x" * 501),
    1: ("", "007", "-0", "+1", "1.0", "1e3", "x", "9223372036854775808"),
    2: ("", "-0", "0.00", "-0.50", "1.50", "+1.5", ".5", "5.", "1e3", "NaN", "0x1F", "1_0"),
    3: ("", "no", "0", "True", "maybe"),
    4: ("", "1899-12-31", "9999-12-31", "2025-1-1", "now"),
    5: (
        "",
        "2025-10-26T02:30:00",
        "2025-03-01T10:00:00.100Z",
        "9999-12-31T00:00:00Z",
        "now",
    ),
    6: ("", "cheque", "Cash"),
    7: ("", "nobody", "x" * 1001),
    8: ("", "{}", "{"),
}


def test_each_odd_cell_alone_is_judged_as_before(till: Source, shared: Settings, tmp_path: Path) -> None:
    rows = []
    for place, cells in ALONE.items():
        for cell in cells:
            row = [f"K{len(rows)}", "3", "1.50", "true", "2025-03-01", "2025-03-01T10:00:00Z", "cash", "", ""]
            row[place] = cell
            rows.append(row)
    path = tmp_path / "slips.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([NAMES, *rows])
    vetted = load_file(shared, fresh_source(till), path, "slips")
    with mock.patch.object(Load, "_load_vetted", return_value=None):
        judged = load_file(shared, fresh_source(till), path, "slips")
    assert vetted.rejected_count > 20
    assert everything(shared, vetted) == everything(shared, judged)


def test_a_plain_file_needs_no_judgement(shared: Settings, tmp_path: Path) -> None:
    """Were a row of it doubted, the insert would be asked for."""
    path = write(tmp_path, "lines.csv", *(line(f"O{number}", number, "-1.50") for number in range(200)))
    with mock.patch.object(Statements, "insert", side_effect=AssertionError):
        result = load_lines(shared, path, fresh_source())
    assert result.stored_count == 200


def test_only_doubtful_rows_are_judged(shared: Settings, tmp_path: Path) -> None:
    rows = [line(f"O{number}", number) for number in range(200)]
    rows[7] = line("O7", "seven")
    rows[9] = line("O9", 9, updated_at="2025-03-01 10:00")
    source = fresh_source()
    asked = []
    insert = Statements.insert

    def counting(*arguments: object, **options: object) -> str:
        asked.append(arguments)
        return insert(*arguments, **options)  # type: ignore[arg-type]

    with mock.patch.object(Statements, "insert", counting):
        result = load_lines(shared, write(tmp_path, "lines.csv", *rows), source)
    assert (result.stored_count, result.rejected_count, result.reasons) == (199, 1, {"bad_integer": 1})
    assert asked


def test_a_row_that_raw_has_sends_the_file_the_careful_way(shared: Settings, tmp_path: Path) -> None:
    source = fresh_source()
    load_lines(shared, write(tmp_path, "first.csv", line("O1"), line("O2")), source)
    result = load_lines(shared, write(tmp_path, "second.csv", line("O2"), line("O3"), line("O3")), source)
    assert (result.stored_count, result.known_count) == (1, 2)


def test_a_known_row_is_not_quoted_in_a_log(
    shared: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where reading breaks off before the server is asked, the driver would log its message, which names the key."""
    caplog.set_level(logging.DEBUG)
    source = fresh_source()
    load_lines(shared, write(tmp_path, "first.csv", line("secret")), source)
    rows = [*(line(f"O{number}", number) for number in range(30_000)), line("secret")]
    packed = gzip.compress(write(tmp_path, "second.csv", *rows, *rows).read_bytes())
    path = tmp_path / "second.csv.gz"
    path.write_bytes(packed[:-2000])
    assert load_lines(shared, path, source).state == "refused"
    assert "secret" not in caplog.text


def test_values_that_pass_are_normalised_once(till: Source, shared: Settings, tmp_path: Path) -> None:
    mailboxes = [f"vetted{number % 3}@exemple.fr" for number in range(50)]
    rows = [f"V{number},,,,2025-01-01,,,{mailbox}," for number, mailbox in enumerate(mailboxes)]
    rows.append("V50,+1,,,2025-01-01,,,doubtful@exemple.fr,")  # goes through the table of texts
    rows.append("V51,x,,,2025-01-01,,,rejected@exemple.fr,")
    result = load_file(
        shared, fresh_source(till), write(tmp_path, "slips.csv", *rows, header=",".join(NAMES)), "slips"
    )
    assert (result.stored_count, result.rejected_count) == (51, 1)
    known = "select normalised from ops.normalised_values where normalised ~ '^(vetted|doubtful|rejected)' order by 1"
    assert [text for (text,) in query(shared, known)] == [
        "doubtful@exemple.fr",
        *(f"vetted{number}@exemple.fr" for number in range(3)),
    ]


def test_too_many_distinct_values_are_read_again_from_raw(
    till: Source, shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distinct, "_MOST", 10)
    values = distinct.DistinctValues({"email": ["f0"], "phone": ["f1"]})
    rows = pa.record_batch({"f0": ["a@exemple.fr", "b@exemple.fr", None], "f1": ["1", "1", None]})
    values.add(rows)
    assert values.of("email") is None

    path = write(tmp_path, "slips.csv", "G1,,,,2025-01-01,,,given.up@exemple.fr,", header=",".join(NAMES))
    load_file(shared, fresh_source(till), path, "slips")
    assert (
        value(shared, "select count(*) from ops.normalised_values where normalised = 'given.up@exemple.fr'")
        == 1
    )
