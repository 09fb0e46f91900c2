"""Whatever stands in a file: each of its rows is stored, known, rejected or suppressed, once; and sums agree."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cercle.settings import Settings
from load_support import (
    COLUMNS,
    HEADER,
    check_sums,
    fresh_source,
    load_lines,
    load_row,
    query,
    shared_database,  # noqa: F401 (the fixture `shared`)
    stored,
    value,
    write_bytes,
)

STATES = ("stored_count", "known_count", "rejected_count", "suppressed_count")

anything = st.text(st.characters(codec="utf-8"), max_size=12)
numbers = st.one_of(st.integers(-3, 3).map(str), st.decimals(-100, 100, places=2).map(str), anything)
moments = st.one_of(
    st.sampled_from(
        ["2025-01-01", "2025-01-01T10:00:00Z", "2025-06-01 10:00", "0001-01-01", "now", "2025-02-30"]
    ),
    st.datetimes().map(lambda moment: moment.isoformat()),
    anything,
)
cells = st.tuples(
    st.one_of(st.sampled_from(["O1", "O2", ""]), anything),
    numbers,
    moments,
    st.one_of(st.just("P1"), anything),
    numbers,
    numbers,
    st.sampled_from(["EUR", "USD", ""]),
    st.one_of(st.sampled_from(["", "true", "no", "2"]), anything),
)
some = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(rows=st.lists(cells, max_size=12), packed=st.booleans())
def test_rows_of_valid_csv_are_all_accounted_for(
    rows: list[tuple[str, ...]], packed: bool, shared: Settings, tmp_path: Path
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL if packed else csv.QUOTE_MINIMAL)
    writer.writerows([COLUMNS, *rows, *rows[:3]])
    result = load_lines(
        shared, write_bytes(tmp_path, "lines.csv", buffer.getvalue().encode()), fresh_source()
    )

    assert result.state == "loaded"
    assert result.read_count == len(rows) + len(rows[:3])
    row = load_row(shared, result.load_id)
    assert result.read_count == sum(row[name] for name in STATES)
    in_raw = "select count(*) from raw.store__order_lines where _load_id = %s"
    assert value(shared, in_raw, result.load_id) == result.stored_count
    in_ops = "select count(*) from ops.rejected_rows where load_id = %s"
    assert value(shared, in_ops, result.load_id) == result.rejected_count
    check_sums(shared)


@some
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [
                    b'"',
                    b",",
                    b"\n",
                    b"\r",
                    b"\r\n",
                    b"\x00",
                    b"\xff",
                    b"O1",
                    b"1",
                    b"2025-01-01",
                    b"EUR",
                    b" ",
                    b"\\.",
                    b'""',
                ]
            ),
            max_size=80,
        ).map(b"".join),
    )
)
def test_bytes_of_any_kind_lose_no_line(content: bytes, shared: Settings, tmp_path: Path) -> None:
    path = write_bytes(tmp_path, "lines.csv", HEADER.encode() + b"\n" + content)
    result = load_lines(shared, path, fresh_source())

    assert result.state == "loaded"
    row = load_row(shared, result.load_id)
    assert result.read_count == sum(row[name] for name in STATES)
    # Every line that is not blank is in a rejected row's payload, in raw, or repeats a row of this file.
    lines = {number for number, text in enumerate(content.split(b"\n"), start=2) if text.strip(b"\r")}
    payloads = query(shared, "select line, payload from ops.rejected_rows where load_id = %s", result.load_id)
    seen = {line + offset for line, payload in payloads for offset in range(payload.count("\n") + 1)}
    kept = stored(shared, result, "_line, product_id || order_id")
    seen |= {line + offset for line, text in kept for offset in range(text.count("\n") + 1)}
    assert result.known_count or lines <= seen
