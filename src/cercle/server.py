"""Life cycle of the embedded PostgreSQL: make, start, stop, ask.

The server listens on 127.0.0.1 alone, on a free port that it keeps, with a password. It survives the process
that started it. Alive means that it answers on the port in postmaster.pid; a process id proves nothing, since
after a crash or in another container the same number may be anyone's.
"""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from cercle.errors import EXIT_DATABASE, CercleError
from cercle.postgres_binaries import Binaries, copy_for_account, find_binaries
from cercle.server_account import is_root, run_as_owner
from cercle.server_data import USER, data_dir, log_file, made_data_dir, password
from cercle.settings import Settings

__all__ = ["DATABASES", "USER", "ServerStatus", "destroy", "start", "status", "stop", "url"]

DATABASES = ("cercle", "airflow")  # the warehouse; Airflow's own metadata

_RETRY_SECONDS = 15.0


@dataclass(frozen=True)
class ServerStatus:
    """What is known of the embedded server.

    Attributes:
        is_made: the data folder exists.
        is_running: it answers.
        port: the port that it answers on, or answered on last.
        data_dir: the real data folder, None when not made.
        binaries: where its programs come from, None when there are none.
        version: major version of the data folder.
    """

    is_made: bool
    is_running: bool
    port: int | None
    data_dir: Path | None
    binaries: str | None
    version: str | None


def start(settings: Settings, overrides: Mapping[str, str] | None = None) -> str:
    """Start the embedded server, making it first when there is none; does nothing when it answers.

    Args:
        settings: `home` is where it lives.
        overrides: server settings of this start alone, for example fsync off in tests.

    Returns:
        The URL of the warehouse database.

    Raises:
        CercleError: no programs, an unusable data folder, or a server that does not come up.
    """
    if _answering_port(settings) is not None:
        return url(settings)
    with _start_lock(settings):
        if _answering_port(settings) is None:
            data = made_data_dir(settings)
            _launch(settings, data, overrides or {})
            _make_databases(settings)
    return url(settings)


def stop(settings: Settings) -> bool:
    """Stop the embedded server; readers are disconnected, what is committed stays.

    Returns:
        Whether there was one to stop.

    Raises:
        CercleError: it does not stop within a minute.
    """
    if _answering_port(settings) is None:
        return False
    data = data_dir(settings)
    assert data is not None
    run_as_owner(
        [_runnable(data).program("pg_ctl"), "stop", "-D", str(data), "-m", "fast", "-w", "-t", "60"],
        data,
        log_file(settings),
        what="The embedded PostgreSQL does not stop",
    )
    return True


def status(settings: Settings) -> ServerStatus:
    """Tell what is known of the embedded server, without changing anything."""
    data = data_dir(settings)
    answering = _answering_port(settings)
    try:
        binaries: str | None = find_binaries().origin
    except CercleError:
        binaries = None
    return ServerStatus(
        is_made=data is not None,
        is_running=answering is not None,
        port=answering or _kept_port(settings),
        data_dir=data,
        binaries=binaries,
        version=(data / "PG_VERSION").read_text().strip() if data else None,
    )


def url(settings: Settings, database: str = "cercle") -> str:
    """Return the URL of a database of the running embedded server, with its password.

    Raises:
        CercleError: it does not run.
    """
    port = _answering_port(settings)
    if port is None:
        raise CercleError(
            "The embedded PostgreSQL does not run",
            remedy="Start it: cercle db start",
            exit_code=EXIT_DATABASE,
        )
    return f"postgresql://{USER}:{quote(password(settings))}@127.0.0.1:{port}/{database}"


def destroy(settings: Settings) -> None:
    """Stop the server and delete its data and the programs copied for it. For tests and throw-away homes."""
    stop(settings)
    data = data_dir(settings)
    link = settings.home / "pg"
    if data is None:
        return
    if link.is_symlink():
        shutil.rmtree(data.parent, ignore_errors=True)
        link.unlink()
    else:
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(settings.home / "pgbin", ignore_errors=True)
    (settings.secrets_dir / "pg_password").unlink(missing_ok=True)


# --- processes --------------------------------------------------------------------------------------------


def _launch(settings: Settings, data: Path, overrides: Mapping[str, str]) -> None:
    """Start the server, again and again for a while.

    After kill -9 of the server alone, its orphans hold the shared memory for seconds; and another process may
    take the port between the look and the start. Recovery itself may take as long as it needs: a server
    that ends is noticed at once.
    """
    binaries = _runnable(data)
    deadline = time.monotonic() + _RETRY_SECONDS
    while True:
        port = _free_port(_kept_port(settings))
        options = " ".join(["-p", str(port), *(f"-c {name}={value}" for name, value in overrides.items())])
        command = [binaries.program("pg_ctl"), "start", "-D", str(data), "-w", "-t", "600", "-o", options]
        try:
            run_as_owner(command, data, log_file(settings), what="The embedded PostgreSQL does not start")
        except CercleError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            (settings.home / "pg_port").write_text(f"{port}\n")
            return


def _runnable(data: Path) -> Binaries:
    """Return binaries of the data folder's own major version, where its owner can run them."""
    binaries = find_binaries()
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(binaries.major):
        raise CercleError(
            f"The database was made by PostgreSQL {made_by}, and {binaries.origin} has {binaries.major}",
            where=str(data),
            remedy=f"Set CERCLE_PG_BIN to the bin folder of a PostgreSQL {made_by}",
        )
    return copy_for_account(binaries, data.parent) if is_root() else binaries


def _make_databases(settings: Settings) -> None:
    with psycopg.connect(url(settings, "postgres"), autocommit=True) as connection:
        there = {name for (name,) in connection.execute("select datname from pg_database")}
        for name in DATABASES:
            if name not in there:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


# --- the port ------------------------------------------------------------------------------


def _kept_port(settings: Settings) -> int | None:
    try:
        return int((settings.home / "pg_port").read_text())
    except (OSError, ValueError):
        return None


def _free_port(preferred: int | None) -> int:
    """Return the preferred port when it is free, so that BI tools find the server again; else any."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CercleError("No port is free on 127.0.0.1", exit_code=EXIT_DATABASE)


def _answering_port(settings: Settings) -> int | None:
    """Return the port in postmaster.pid when our server, not some other one, accepts connections there."""
    data = data_dir(settings)
    if data is None:
        return None
    try:
        port = int((data / "postmaster.pid").read_text().splitlines()[3])
    except (OSError, IndexError, ValueError):
        return None
    ready = subprocess.run(
        [find_binaries().program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "3"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return port if ready.returncode == 0 and _is_ours(settings, data, port) else None


def _is_ours(settings: Settings, data: Path, port: int) -> bool:
    """Tell our server from another one that took the port after ours had crashed."""
    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=password(settings),
            dbname="postgres",
            connect_timeout=5,
        ) as connection:
            row = connection.execute("select current_setting('data_directory')").fetchone()
    except psycopg.OperationalError as error:
        return "authentication" not in str(error)  # too many connections, say, is no other server
    return row is not None and Path(row[0]).resolve() == data


@contextmanager
def _start_lock(settings: Settings) -> Iterator[None]:
    """Let one process of this machine start the server at a time."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "pg.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
