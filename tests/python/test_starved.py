"""No room, no database, no dbt: an error that can pass is told from one that stays, and the next run goes on.

Airflow tries the first kind again with growing pauses (`test_airflow_operators`), and asks a person for the second.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from cercle import db
from cercle import server as embedded
from cercle.dbt_results import NodeResult, failure
from cercle.errors import EXIT_DATABASE, EXIT_DIFFERENCE, EXIT_INTERRUPTED, EXIT_REFUSED, CercleError
from cercle.paths import package_root
from cercle.quality.runner import make_batch
from cercle.quality.suites import read_suite
from cercle.settings import Settings
from load_support import line, load_lines, write
from mini_project import build, deliver, make_warehouse, some_orders
from projects import query

ORDERS = 30_000
MB = 1 << 20


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (1, "server closed the connection unexpectedly", EXIT_DATABASE),
        (1, 'connection to server at "db", port 5432 failed: Connection refused', EXIT_DATABASE),
        (1, "terminating connection due to administrator command", EXIT_DATABASE),
        (1, "FATAL:  the database system is in recovery mode", EXIT_DATABASE),
        (1, 'could not extend file "base/1/2": No space left on device', EXIT_DATABASE),
        (1, 'temporary file size exceeds "temp_file_limit" (0kB)', EXIT_DATABASE),
        (1, "deadlock detected", EXIT_DATABASE),
        (1, 'column "amuont" does not exist', EXIT_REFUSED),
        (1, "Compilation Error: depends on a node named 'x' which was not found", EXIT_REFUSED),
        (137, "", EXIT_INTERRUPTED),
        (143, "", EXIT_INTERRUPTED),
    ],
)
def test_what_can_pass_is_told_from_what_stays(code: int, message: str, expected: int) -> None:
    node = NodeResult("model.cercle.orders", "error", 0.1, None, None, message)
    assert failure("build", code, [node], [], Path("dbt.log")).exit_code == expected
    assert failure("build", code, [], [message], Path("dbt.log")).exit_code == expected


def test_a_test_that_fails_is_no_matter_of_patience() -> None:
    node = NodeResult("test.cercle.unique_orders", "fail", 0.1, None, 3, "Got 3 results")
    assert failure("build", 1, [node], [], Path("dbt.log")).exit_code == EXIT_DIFFERENCE


@pytest.mark.slow
def test_a_build_without_room_for_its_sorts_passes_when_there_is_room(database: Settings) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, ORDERS))
    _set(database, "work_mem", "64kB")
    _set(database, "temp_file_limit", "0")
    with pytest.raises(CercleError) as error:
        build(database)
    assert error.value.exit_code == EXIT_DATABASE, error.value
    _set(database, "temp_file_limit", "-1")
    build(database)
    assert query(database, "select count(*) from marts.orders") == [(ORDERS,)]


@pytest.mark.parametrize(
    ("disturb", "expected"),
    [("connection", EXIT_DATABASE), ("dbt", EXIT_INTERRUPTED)],
    ids=["its connection is cut", "dbt is killed"],
)
def test_a_build_that_is_cut_off_is_simply_begun_again(
    database: Settings, disturb: str, expected: int
) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 100))
    errors: list[CercleError] = []

    def run() -> None:
        try:
            build(database)
        except CercleError as error:
            errors.append(error)

    with db.connect(database) as holder:  # the models wait for this table until they are disturbed
        holder.execute("lock table raw.mini__orders in access exclusive mode")
        thread = threading.Thread(target=run)
        thread.start()
        waiting = _waiting_backend(database)
        if disturb == "connection":
            holder.execute("select pg_terminate_backend(%s)", (waiting,))
        else:
            _kill_dbt()
        thread.join(timeout=60)
    assert [error.exit_code for error in errors] == [expected], errors
    build(database)
    assert query(database, "select count(*) from marts.orders") == [(100,)]


def test_a_load_that_is_cut_off_is_tried_again_and_stores_all(database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "lines.csv", *(line(f"O{number}") for number in range(10)))
    errors: list[CercleError] = []

    def load() -> None:
        try:
            load_lines(database, path)
        except CercleError as error:
            errors.append(error)

    assert load_lines(database, write(tmp_path, "first.csv", line("O99"))).stored_count == 1
    with db.connect(database) as holder:
        holder.execute("lock table ops.loads in access exclusive mode")
        thread = threading.Thread(target=load)
        thread.start()
        holder.execute("select pg_terminate_backend(%s)", (_waiting_backend(database),))
        thread.join(timeout=60)
    assert [error.exit_code for error in errors] == [EXIT_DATABASE], errors
    assert load_lines(database, path).stored_count == 10


def test_a_check_without_room_is_no_word_about_the_data(connection: psycopg.Connection) -> None:
    """A batch that cannot be made is a broken rule, and keeps a delivery out; one that has no room now is neither."""
    connection.autocommit = True
    connection.execute("set work_mem = '64kB'")
    connection.execute("set temp_file_limit = 0")
    suite = read_suite(next((package_root() / "expectations" / "raw").glob("*.yml")), "raw")
    query = sql.SQL("select md5(n::text) as _key from generate_series(1, 200000) as n order by md5(n::text)")
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded):
        make_batch(connection, suite, query)
    assert make_batch(connection, suite, sql.SQL("select 1 as _key from raw.no_such_table")).problem


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own with little room, in memory; only root can make one."""
    folder = Path(tempfile.mkdtemp(prefix="cercle-small-"))
    folder.chmod(0o755)
    options = ["-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a file system can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_build_on_a_full_disk_passes_when_there_is_room_again(small_disk: Path) -> None:
    """The server's own disk: its tables, its log of changes, all that it writes."""
    settings = Settings.from_env({"CERCLE_HOME": str(small_disk / "home")})
    embedded.start(settings)
    try:
        with db.connect(settings) as connection:
            db.migrate(connection)
        make_warehouse(settings)
        deliver(settings, some_orders(0, ORDERS))
        build(settings)
        deliver(settings, some_orders(ORDERS, ORDERS))
        with _full(small_disk, spare=2 * MB), pytest.raises(CercleError) as error:
            build(settings)
        assert error.value.exit_code == EXIT_DATABASE, error.value
        assert _ask(settings, "select count(*) from marts.orders") == [(ORDERS,)], (
            "readers see the last publication"
        )
        build(settings)
        assert _ask(settings, "select count(*) from marts.orders") == [(2 * ORDERS,)]
    finally:
        embedded.destroy(settings)


@contextmanager
def _full(disk: Path, spare: int) -> Iterator[None]:
    """Fill a disk but for a few bytes, until the block ends."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - spare)
    try:
        yield
    finally:
        ballast.unlink()


def _ask(settings: Settings, statement: str) -> list[tuple[object, ...]]:
    with db.connect(settings) as connection:
        return connection.execute(statement.encode()).fetchall()


def _set(settings: Settings, name: str, value: str) -> None:
    """Set what every new connection to the database gets."""
    with psycopg.connect(settings.dsn or "", autocommit=True) as connection:
        connection.execute(
            sql.SQL("alter database {} set {} = {}").format(
                sql.Identifier(connection.info.dbname), sql.Identifier(name), sql.Literal(value)
            )
        )


def _waiting_backend(settings: Settings) -> int:
    """Wait until another connection waits for a lock, and return its process id."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = query(
            settings,
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        if found:
            return int(found[0][0])
        time.sleep(0.1)
    raise AssertionError("nobody waited")


def _kill_dbt() -> None:
    import psutil

    dbt = [
        child
        for child in psutil.Process().children(recursive=True)
        if "tether.py" not in " ".join(child.cmdline()) and "/dbt" in " ".join(child.cmdline())
    ]
    assert dbt, "no dbt is at work"
    for process in dbt:
        process.send_signal(signal.SIGKILL)
