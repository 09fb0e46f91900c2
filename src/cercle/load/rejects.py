"""Rejected rows: each with its line, its reason, and the row as it stood in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice

import psycopg

from cercle.load.result import Unreadable
from cercle.load.rows import RowReader
from cercle.load.statements import NOT_SUPPRESSED, Statements

__all__ = ["reject_failing", "write_unreadable"]

_AT_ONCE = 5_000


def write_unreadable(connection: psycopg.Connection, load_id: int, rows: Iterable[Unreadable]) -> None:
    """Keep rows of which no typed columns could be made."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy ops.rejected_rows (load_id, line, reason_code, reason, payload) from stdin"
        ) as copy,
    ):
        for row in rows:
            copy.write_row((load_id, row.line, row.code, row.reason, row.payload))


def reject_failing(
    connection: psycopg.Connection,
    statements: Statements,
    load_id: int,
    has_suppressed: bool,
    read_again: Callable[[], AbstractContextManager[RowReader]] | None,
) -> tuple[int, dict[str, str]]:
    """Keep the incoming rows that a rule of the contract refuses.

    Args:
        connection: in the load's transaction.
        statements: of the file.
        load_id: of the load.
        has_suppressed: some rows are kept out by a tombstone, and must not be kept here either.
        read_again: opens the file once more, so that its rows can be kept as they stand; None where the columns are
            all there is.

    Returns:
        How many, and the sums of their readable amounts.
    """
    kept_out = f"where {NOT_SUPPRESSED}" if has_suppressed else ""
    payload = "null::text" if read_again else statements.payload
    source = statements.prepared.replace("select _line,", f"select _line, {payload} as _payload,", 1)
    connection.execute(
        f"""
        create temporary table cercle_failed on commit drop as
        select * from (
            select _line, _payload, {statements.failure} as failure{statements.readable_amounts}
            from ({source} offset 0) as prepared
            {kept_out}
        ) as judged
        where failure is not null
        """
    )
    if read_again is not None:
        with read_again() as reader:
            _fetch_payloads(connection, reader)
    failures = statements.failures
    connection.execute(
        """
        insert into ops.rejected_rows (load_id, line, reason_code, reason, column_name, payload)
        select %(load_id)s, failed._line, reasons.code, reasons.reason, reasons.column_name, failed._payload
        from pg_temp.cercle_failed as failed
        inner join unnest(%(codes)s::text[], %(reasons)s::text[], %(columns)s::text[])
            with ordinality as reasons (code, reason, column_name, number) on failed.failure = reasons.number - 1
        order by failed._line
        """,
        {
            "load_id": load_id,
            "codes": [failure.code for failure in failures],
            "reasons": [failure.reason for failure in failures],
            "columns": [failure.column for failure in failures],
        },
    )
    row = connection.execute(f"select count(*), {statements.sums()} from pg_temp.cercle_failed").fetchone()
    assert row is not None
    connection.execute("drop table pg_temp.cercle_failed")
    return row[0], row[1]


def _fetch_payloads(connection: psycopg.Connection, reader: RowReader) -> None:
    """Read the file once more for the rows on the failing lines; memory stays bounded by the chunk."""
    connection.execute("create temporary table cercle_payloads (_line bigint, payload text) on commit drop")
    with connection.cursor(name="cercle_failed_lines") as cursor, connection.cursor() as writer:
        cursor.execute("select distinct _line from pg_temp.cercle_failed order by _line")
        payloads = reader.payloads(_lines(cursor))
        while chunk := list(islice(payloads, _AT_ONCE)):
            with writer.copy("copy pg_temp.cercle_payloads from stdin") as copy:
                for row in chunk:
                    copy.write_row(row)
    connection.execute(
        """
        update pg_temp.cercle_failed as failed
        set _payload = payloads.payload
        from pg_temp.cercle_payloads as payloads
        where failed._line = payloads._line
        """
    )
    connection.execute("drop table pg_temp.cercle_payloads")


def _lines(cursor: psycopg.ServerCursor[tuple[int]]) -> Iterator[int]:
    while rows := cursor.fetchmany(_AT_ONCE):
        for row in rows:
            yield row[0]
