"""Rejected rows are loaded again: mended in place, or under a mended contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pytest
from pyarrow import parquet

from cercle import db
from cercle.errors import CercleError
from cercle.load.mended import load_rejected
from cercle.settings import Settings
from load_support import COLUMNS, HEADER, line, load_lines, query, value, write, write_bytes

Command = Callable[..., Any]


def mend(settings: Settings, old: str, new: str) -> None:
    with db.connect(settings) as connection:
        connection.execute("update ops.rejected_rows set payload = replace(payload, %s, %s)", (old, new))
        connection.commit()


def test_a_mended_row_is_stored_by_a_load_of_its_own(database: Settings, tmp_path: Path) -> None:
    rows = (
        line("O1"),
        line("O2", amount="ten"),
        line("O3", amount="eleven"),
        line("O4", product_id='"two\nlines"'),
    )
    first = load_lines(database, write(tmp_path, "lines.csv", *rows))
    assert (first.stored_count, first.rejected_count) == (2, 2)

    mend(database, "ten", "10.00")
    second = load_rejected(database, first.load_id or 0)
    assert (second.state, second.read_count, second.stored_count, second.rejected_count) == (
        "loaded",
        2,
        1,
        1,
    )
    assert second.file == f"lines.csv, rejected by load {first.load_id}"
    taken_up = query(database, "select load_id, mended_by_load_id from ops.rejected_rows order by 1, line")
    assert taken_up == [
        (first.load_id, second.load_id),
        (first.load_id, second.load_id),
        (second.load_id, None),
    ]

    with pytest.raises(CercleError, match="No rejected row"):
        load_rejected(database, first.load_id or 0)
    mend(database, "eleven", "11.00")
    third = load_rejected(database, second.load_id or 0)
    assert (third.stored_count, third.rejected_count) == (1, 0)
    assert value(database, "select sum(line_amount)::text from raw.store__order_lines") == "41.00"


@pytest.mark.parametrize("row_format", ["csv", "jsonl"])
def test_rows_may_be_tried_again_as_they_are(row_format: str, database: Settings, tmp_path: Path) -> None:
    """Perhaps the contract was mended: nothing is skipped as loaded before."""
    if row_format == "csv":
        path = write(tmp_path, "lines.csv", line("O1"), line("O2", amount="ten"))
    else:
        items = [
            dict(zip(COLUMNS, row.split(","), strict=True)) for row in (line("O1"), line("O2", amount="ten"))
        ]
        path = write_bytes(tmp_path, "lines.jsonl", b"".join(orjson.dumps(item) + b"\n" for item in items))
    result = load_lines(database, path)
    for _ in range(2):
        result = load_rejected(database, result.load_id or 0)
        assert (result.state, result.read_count) == ("loaded", 1)
        assert result.reasons == {"bad_number": 1}


def test_rows_that_were_no_text_come_in_a_mended_file(database: Settings, tmp_path: Path) -> None:
    """Loaded again, the signs that stand for the bytes would be stored."""
    bad = line("O1").encode().replace(b"O1", b"caf\xe9")
    result = load_lines(database, write_bytes(tmp_path, "lines.csv", f"{HEADER}\n".encode() + bad + b"\n"))
    with pytest.raises(CercleError, match="No rejected row"):
        load_rejected(database, result.load_id or 0)


def test_rows_of_a_table_are_no_lines(database: Settings, tmp_path: Path) -> None:
    table = pyarrow.table(
        {name: [cell] for name, cell in zip(COLUMNS, line("O1", "x").split(","), strict=True)}
    )
    path = tmp_path / "lines.parquet"
    parquet.write_table(table, path)
    result = load_lines(database, path)
    assert result.reasons == {"bad_integer": 1}
    with pytest.raises(CercleError, match="no lines of CSV or JSON"):
        load_rejected(database, result.load_id or 0)


def test_the_command_takes_a_load(cli: Command, database: Settings, tmp_path: Path) -> None:
    result = load_lines(database, write(tmp_path, "lines.csv", line("O1", amount="ten"), line("O2")))
    mend(database, "ten", "10")
    answer = cli("load", "--rejected", str(result.load_id), "--json", settings=database)
    assert answer.exit_code == 0
    assert [one["stored_count"] for one in answer.json] == [1]
    assert cli("load", "--rejected", "99", settings=database).exit_code == 2
    assert cli("load", "--rejected", "1", "--landing", settings=database).exit_code == 2
