"""Connections to the warehouse, advisory locks, and the runner of migrations."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from cercle import server
from cercle.errors import EXIT_DATABASE, EXIT_LOCKED, CercleError
from cercle.settings import Settings

__all__ = [
    "Holder",
    "Migration",
    "advisory_lock",
    "connect",
    "conninfo",
    "is_passing",
    "lock_holder",
    "lock_key",
    "migrate",
    "pending_migrations",
    "program_environment",
    "shipped_migrations",
]

OLDEST_SERVER = 150000  # dbt's merge needs PostgreSQL 15

_log = logging.getLogger(__name__)
_MIGRATION_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_DRIVER = re.compile(r"^(postgres(?:ql)?)\+\w+://")  # SQLAlchemy's way to name a driver; libpq has none

# Classes of SQLSTATE: connections, room, restarts, victims of a deadlock; and a lock that was waited for in vain.
_PASSING = re.compile(r"08|53|57P0|40|55P03")


@dataclass(frozen=True)
class Holder:
    """Who holds an advisory lock."""

    pid: int
    application_name: str
    since: datetime

    def __str__(self) -> str:
        """Return the holder as a part of a sentence."""
        name = self.application_name or "a session"
        return f"{name} (pid {self.pid}, connected since {self.since:%Y-%m-%d %H:%M} UTC)"


@dataclass(frozen=True)
class Migration:
    """One file of src/cercle/migrations."""

    version: str
    name: str
    sql: str

    @property
    def label(self) -> str:
        """Version and name, as the file is named."""
        return f"{self.version}_{self.name}"

    @property
    def sha256(self) -> str:
        """Hash of the file's text: an applied file must not change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


# --- connections ------------------------------------------------------------------------------------------


def conninfo(settings: Settings) -> dict[str, str]:
    """Return libpq's connection parameters; starts the embedded server when there is no DSN.

    Raises:
        CercleError: the DSN cannot be read, or the embedded server does not start.
    """
    dsn = settings.dsn if settings.dsn is not None else server.start(settings)
    try:
        parts = conninfo_to_dict(_DRIVER.sub(r"\1://", dsn))
    except psycopg.ProgrammingError:
        # The driver's own message quotes the DSN, and with it the password.
        raise CercleError(
            "The database's address cannot be read",
            where="CERCLE_DSN",
            remedy="Write it as postgresql://user:password@host:5432/database, percent-encoded",
        ) from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def program_environment(settings: Settings) -> dict[str, str]:
    """Return the variables by which PostgreSQL's own programs find the warehouse: no password in a command line.

    Raises:
        CercleError: as `conninfo`.
    """
    parts = conninfo(settings)
    names = {option.keyword.decode(): option.envvar for option in psycopg.pq.Conninfo.get_defaults()}
    return {envvar.decode(): parts[name] for name, envvar in names.items() if envvar and name in parts}


def connect(
    settings: Settings, autocommit: bool = False, application_name: str = "cercle"
) -> psycopg.Connection:
    """Connect to the warehouse, in UTC. Starts the embedded server when there is no DSN.

    Args:
        settings: where the database is.
        autocommit: each statement its own transaction.
        application_name: what others see in pg_stat_activity when they wait for us.

    Raises:
        CercleError: the database cannot be reached, or is older than PostgreSQL 15.
    """
    parts = conninfo(settings)
    options = f"{parts.pop('options', '')} -c TimeZone=UTC".strip()
    parts.setdefault("connect_timeout", "10")
    try:
        connection = psycopg.connect(
            make_conninfo(**parts, options=options, application_name=application_name), autocommit=autocommit
        )
    except psycopg.OperationalError as error:
        raise CercleError(
            f"The database cannot be reached: {str(error).strip().splitlines()[-1]}",
            where=f"{parts.get('host', 'localhost')}:{parts.get('port', '5432')}/{parts.get('dbname', '')}",
            remedy="Check CERCLE_DSN" if settings.dsn else "Look at it: cercle db status",
            exit_code=EXIT_DATABASE,
        ) from None
    if connection.info.server_version < OLDEST_SERVER:
        found = connection.info.server_version // 10000
        connection.close()
        raise CercleError(
            f"The server is PostgreSQL {found}, and cercle needs 15 or newer", remedy="Upgrade the server"
        )
    return connection


def is_passing(error: psycopg.Error) -> bool:
    """Whether an error may pass by itself: the connection was lost, there was no room, the server chose a victim.

    Args:
        error: as the driver raised it; one without an SQLSTATE comes from a connection that is gone.
    """
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return bool(_PASSING.match(error.sqlstate))


# --- locks ------------------------------------------------------------------------------------------------


def lock_key(name: str) -> int:
    """Return the 64-bit key of a named advisory lock."""
    digest = hashlib.sha256(f"cercle:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def lock_holder(connection: psycopg.Connection, name: str) -> Holder | None:
    """Return who holds a lock in this database, None when nobody does."""
    key = lock_key(name) & 0xFFFFFFFFFFFFFFFF
    row = connection.execute(
        """
        select activity.pid, activity.application_name, activity.backend_start at time zone 'UTC'
        from pg_locks
        inner join pg_stat_activity as activity on pg_locks.pid = activity.pid
        where pg_locks.locktype = 'advisory'
            and pg_locks.granted
            and pg_locks.database = (select oid from pg_database where datname = current_database())
            and pg_locks.classid::bigint = %s
            and pg_locks.objid::bigint = %s
            and pg_locks.objsubid = 1
        """,
        (key >> 32, key & 0xFFFFFFFF),
    ).fetchone()
    return Holder(*row) if row else None


@contextmanager
def advisory_lock(
    connection: psycopg.Connection,
    name: str,
    wait: bool = True,
    on_wait: Callable[[Holder | None], None] | None = None,
) -> Iterator[None]:
    """Hold a session-level lock; the server gives it back when our process dies.

    A transaction that is open at the end of the block is committed, or rolled back after an exception, before
    the lock is given back: whoever comes next sees what was done under it.

    Args:
        connection: a connection without an open transaction.
        name: what is locked, for example `build`, `ledger`, `migrate`.
        wait: wait for the holder, else refuse.
        on_wait: called once with the holder before waiting; by default a line in the log.

    Raises:
        CercleError: someone else holds it and `wait` is false.
        ValueError: a transaction is open.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError(f"Take the lock {name!r} outside of a transaction")
    key = lock_key(name)
    if not _try_lock(connection, key):
        holder = lock_holder(connection, name)
        _end_transaction(connection)
        if not wait:
            raise CercleError(
                f"{holder or 'Another session'} holds the lock {name!r}",
                remedy="Wait until it has ended, or end it",
                exit_code=EXIT_LOCKED,
            )
        (on_wait or _log_wait(name))(holder)
        connection.execute("select pg_advisory_lock(%s)", (key,))
        _end_transaction(connection)
    try:
        yield
    except BaseException:
        if not connection.closed:
            connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(%s)", (key,))
            _end_transaction(connection)


def _try_lock(connection: psycopg.Connection, key: int) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s)", (key,)).fetchone()
    _end_transaction(connection)
    return bool(row and row[0])


def _end_transaction(connection: psycopg.Connection) -> None:
    """End the transaction that a statement of our own began; a session-level lock outlives it."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.commit()


def _log_wait(name: str) -> Callable[[Holder | None], None]:
    def say(holder: Holder | None) -> None:
        _log.warning("Waiting for the lock %r, held by %s", name, holder or "another session")

    return say


# --- migrations -------------------------------------------------------------------------------------------


def shipped_migrations(folder: Path | None = None) -> list[Migration]:
    """Return the migrations in their order.

    Args:
        folder: by default src/cercle/migrations.

    Raises:
        CercleError: a file is not named NNNN_name.sql, or two carry one number.
    """
    folder = folder or Path(__file__).parent / "migrations"
    migrations: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _MIGRATION_NAME.fullmatch(path.name)
        if match is None:
            raise CercleError("A migration is named NNNN_name.sql, in lower case", where=str(path))
        version, name = match.groups()
        if migrations and migrations[-1].version == version:
            raise CercleError(f"Two migrations carry the number {version}", where=str(path))
        migrations.append(Migration(version, name, path.read_text(encoding="utf-8")))
    return migrations


def pending_migrations(connection: psycopg.Connection, folder: Path | None = None) -> list[Migration]:
    """Return the migrations that this database does not have yet; changes nothing.

    Raises:
        CercleError: an applied file was changed, is missing here, or would come before one already applied.
    """
    shipped = shipped_migrations(folder)
    known = connection.execute("select to_regclass('ops.migrations')").fetchone()
    rows = (
        connection.execute("select version, name, sha256 from ops.migrations order by version").fetchall()
        if known and known[0]
        else []
    )
    applied = {version: (name, sha256) for version, name, sha256 in rows}
    _refuse_unknown(applied, shipped)
    for migration in shipped:
        if migration.version in applied and applied[migration.version][1] != migration.sha256:
            raise CercleError(
                f"Migration {migration.label} was changed after this database had applied it",
                remedy="Restore the file; a change is a new migration",
            )
        if migration.version not in applied and applied and migration.version < max(applied):
            raise CercleError(
                f"Migration {migration.label} is new, but {max(applied)} is already applied",
                remedy="Give it the next free number",
            )
    return [migration for migration in shipped if migration.version not in applied]


def _refuse_unknown(applied: dict[str, tuple[str, str]], shipped: list[Migration]) -> None:
    unknown = sorted(applied.keys() - {migration.version for migration in shipped})
    if unknown:
        label = f"{unknown[-1]}_{applied[unknown[-1]][0]}"
        raise CercleError(
            f"The database has migration {label}, which this version of cercle lacks",
            remedy="Install the version of cercle that made it, or a newer one",
        )


def migrate(connection: psycopg.Connection, folder: Path | None = None) -> list[str]:
    """Bring the database's fixed schemas up to date, each migration in a transaction of its own.

    Args:
        connection: without an open transaction; its role must be allowed to create schemas.
        folder: by default src/cercle/migrations.

    Returns:
        Names of what was applied now, as `0001_ops`.

    Raises:
        CercleError: as `pending_migrations`, or a migration failed; those before it stay applied.
    """
    done: list[str] = []
    with advisory_lock(connection, "migrate"):
        _make_version_table(connection)
        pending = pending_migrations(connection, folder)
        connection.commit()
        for migration in pending:
            _apply(connection, migration)
            done.append(migration.label)
    return done


def _make_version_table(connection: psycopg.Connection) -> None:
    try:
        with connection.transaction():
            connection.execute("create schema if not exists ops")
            connection.execute(
                """
                create table if not exists ops.migrations (
                    version text primary key,
                    name text not null,
                    sha256 text not null,
                    applied_at timestamptz not null default clock_timestamp()
                )
                """
            )
    except psycopg.errors.InsufficientPrivilege as error:
        raise CercleError(
            f"The role {connection.info.user} cannot make cercle's schemas: {error.diag.message_primary}",
            where=connection.info.dbname,
            remedy=f"As an administrator: grant create on database {connection.info.dbname} to "
            f"{connection.info.user}",
        ) from error


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.sql.encode())
            connection.execute(
                "insert into ops.migrations (version, name, sha256) values (%s, %s, %s)",
                (migration.version, migration.name, migration.sha256),
            )
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 0)
        line = migration.sql[: max(position - 1, 0)].count("\n") + 1
        raise CercleError(
            f"The migration failed: {error.diag.message_primary or error}",
            where=f"{migration.label}.sql" + (f" line {line}" if position else ""),
            remedy="Nothing of it was kept; mend the cause, then run `cercle db migrate` again",
        ) from error
