"""Numbers to and from PostgreSQL as arrays, by COPY in its binary form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]

__all__ = ["copy_in", "copy_out"]

# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": a signature, flags and the length of an
# extension; rows of a count of fields, each with its length before it; -1 as the count ends them.
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = _SIGNATURE + bytes(8)
_TRAILER = b"\xff\xff"
_NUMBER_BYTES = 8
_CHUNK_BYTES = 1 << 22


def copy_out(connection: psycopg.Connection[Any], query: sql.Composable) -> tuple[Numbers, Numbers]:
    """Return the two columns of a query, both bigint without nulls."""
    import numpy as np

    statement = sql.SQL("copy ({}) to stdout (format binary)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        content = b"".join(copy)
    rows = np.frombuffer(content, _row_type(2), offset=len(_HEADER), count=_row_count(len(content), 2))
    return rows["value_0"].astype(np.int64), rows["value_1"].astype(np.int64)


def copy_in(connection: psycopg.Connection[Any], target: sql.Composable, *columns: Numbers | int) -> None:
    """Append rows to a table.

    Args:
        connection: commits are the caller's.
        target: the table and, in brackets, its columns, all bigint.
        columns: their values, arrays of one length; a number stands for itself in every row.
    """
    import numpy as np

    length = next(len(column) for column in columns if not isinstance(column, int))
    rows = np.empty(length, _row_type(len(columns)))
    rows["count"] = len(columns)
    for number, column in enumerate(columns):
        rows[f"length_{number}"] = _NUMBER_BYTES
        rows[f"value_{number}"] = column
    content = memoryview(rows.tobytes())
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} from stdin (format binary)").format(target)) as copy,
    ):
        copy.write(_HEADER)
        for begin in range(0, len(content), _CHUNK_BYTES):
            copy.write(content[begin : begin + _CHUNK_BYTES])
        copy.write(_TRAILER)


def _row_type(column_count: int) -> np.dtype[Any]:
    import numpy as np

    fields = [("count", ">i2")]
    for number in range(column_count):
        fields += [(f"length_{number}", ">i4"), (f"value_{number}", ">i8")]
    return np.dtype(fields)


def _row_count(byte_count: int, column_count: int) -> int:
    return (byte_count - len(_HEADER) - len(_TRAILER)) // _row_type(column_count).itemsize
