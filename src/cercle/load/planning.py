"""A word to PostgreSQL's planner, which knows nothing yet of the rows that a transaction has just brought."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

__all__ = ["looking_up"]

_OTHER_WAYS = ("enable_seqscan", "enable_bitmapscan")


@contextmanager
def looking_up(connection: psycopg.Connection) -> Iterator[None]:
    """Let a statement look each row up by its index: what is looked up stands in a lateral query with `offset 0`.

    Without statistics the planner takes a table that is just being filled for an empty one, and reads it whole once
    for each row; with old ones it reads millions of rows to find a hundred. A look-up costs some microseconds a row.
    """
    _switch(connection, "off")
    yield  # after an exception the transaction is lost, and with it these settings
    _switch(connection, "on")


def _switch(connection: psycopg.Connection, value: str) -> None:
    settings = ", ".join(f"set_config('{name}', '{value}', true)" for name in _OTHER_WAYS)
    connection.execute(f"select {settings}")
