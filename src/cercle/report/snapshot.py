"""How a page of operations reads: in one snapshot, as the role that may read what it shows and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

__all__ = ["ROLE", "Ask", "age_since", "operator_snapshot"]

# Of all roles the one that reads what these pages show, and nothing else.
ROLE = "cercle_operator"

Ask = Callable[..., list[dict[str, Any]]]


@contextmanager
def operator_snapshot(connection: psycopg.Connection) -> Iterator[Ask]:
    """Read in one snapshot, as `cercle_operator` where the connection's account may become that role.

    Args:
        connection: without an open transaction.

    Yields:
        A function that asks a query, with its parameters by name, and returns the rows.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        _become_operator(cursor)

        def ask(query: LiteralString, **parameters: object) -> list[dict[str, Any]]:
            return cursor.execute(query, parameters or None).fetchall()

        yield ask


def age_since(now: datetime, moment: datetime | date | None) -> str:
    """Return how long ago, in one unit: 12 s, 5 min, 3 h, 40 d."""
    if moment is None:
        return "–"
    if not isinstance(moment, datetime):
        return f"{(now.date() - moment).days} d"
    seconds = max((now - moment).total_seconds(), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _become_operator(cursor: psycopg.Cursor[Any]) -> None:
    """Take as few rights as the page needs; where the role was never made, those of the account."""
    may = cursor.execute(
        "select exists (select from pg_roles where rolname = %(role)s and pg_has_role(rolname, 'set')) as it"
        if cursor.connection.info.server_version >= 160000
        else "select exists (select from pg_roles where rolname = %(role)s and pg_has_role(rolname, 'member')) as it",
        {"role": ROLE},
    ).fetchone()
    granted = cursor.execute(
        "select count(*) > 0 as it from ops.access_roles where role_name = %s", (ROLE,)
    ).fetchone()
    if may and may["it"] and granted and granted["it"]:
        cursor.execute(sql.SQL("set local role {}").format(sql.Identifier(ROLE)))
