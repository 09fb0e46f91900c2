"""The one lock of builds: held for a whole build in one process, or by each task while it works."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import psycopg

from cercle import db
from cercle.errors import EXIT_LOCKED, CercleError
from cercle.settings import Settings

__all__ = ["BUILD_LOCK", "DEFAULT_WAIT_SECONDS", "build_lock", "is_lock_held"]

BUILD_LOCK = "cercle:build"
DEFAULT_WAIT_SECONDS = 600.0

# Locks that this process holds, by database: the connection and how often it was taken.
_held: dict[tuple[str, ...], tuple[psycopg.Connection, int]] = {}


@contextmanager
def build_lock(
    settings: Settings,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[psycopg.Connection]:
    """Hold the one lock of builds; within one process it may be taken again and again.

    Args:
        settings: where the database is.
        wait_seconds: how long to wait for another holder.
        on_wait: called once with the holder's name before waiting.

    Yields:
        The connection that holds it, in autocommit, for short statements.

    Raises:
        CercleError: someone else held it for all that time, or our own connection was lost.
    """
    key = _database(settings)
    if key in _held:
        connection, depth = _held[key]
        _refuse_lost(connection)
        _held[key] = (connection, depth + 1)
        try:
            yield connection
        finally:
            _held[key] = (connection, depth)
        return
    stack = ExitStack()
    try:
        connection = stack.enter_context(db.connect(settings, autocommit=True, application_name=_own_name()))
        _take(stack, connection, wait_seconds, on_wait)
        _held[key] = (connection, 1)
        try:
            yield connection
        finally:
            del _held[key]
    finally:
        # a connection that was lost has given the lock back already
        with suppress(psycopg.OperationalError):
            stack.close()


def is_lock_held(settings: Settings) -> bool:
    """Return whether this process holds the lock of builds."""
    return _database(settings) in _held


def _database(settings: Settings) -> tuple[str, ...]:
    """Which database the settings mean, however they name it: a lock is known again under another DSN."""
    parts = db.conninfo(settings)
    return tuple(parts.get(name, "") for name in ("host", "port", "dbname"))


def _take(
    stack: ExitStack,
    connection: psycopg.Connection,
    wait_seconds: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    deadline = time.monotonic() + wait_seconds
    has_said = False
    while True:
        try:
            stack.enter_context(db.advisory_lock(connection, BUILD_LOCK, wait=False))
            return
        except CercleError as error:
            if error.exit_code != EXIT_LOCKED:
                raise
            holder = db.lock_holder(connection, BUILD_LOCK)
            if time.monotonic() >= deadline:
                raise CercleError(
                    f"Another run is building: {holder or 'another session'}",
                    remedy="Wait until it has ended (--wait SECONDS), or end it",
                    exit_code=EXIT_LOCKED,
                ) from None
            if on_wait and not has_said:
                on_wait(str(holder or "another session"))
                has_said = True
            time.sleep(min(0.5, max(0.05, deadline - time.monotonic())))


def _refuse_lost(connection: psycopg.Connection) -> None:
    try:
        connection.execute("select 1")
    except psycopg.OperationalError:
        raise CercleError(
            "The connection that held the lock of builds was lost, and another run may have begun",
            remedy="Run again: it takes up where this one was",
            exit_code=EXIT_LOCKED,
        ) from None


def _own_name() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"cercle {user}@{socket.gethostname()} pid {os.getpid()}"[:63]
