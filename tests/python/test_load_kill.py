"""A load that is killed leaves nothing, and the next one does the whole work."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cercle import db
from cercle.settings import Settings
from load_support import STORE, held, line, load_lines, query, value, write

LOADER = """
import sys
from pathlib import Path
from load_support import STORE
from cercle.load import load_file
from cercle.settings import Settings
load_file(Settings.from_env(), STORE, Path(sys.argv[1]), "order_lines", on_rows=lambda count: print(count, flush=True))
"""
OURS = "select from pg_stat_activity where datname = current_database() and application_name = 'cercle load'"
ROWS = 60_000


def start(settings: Settings, path: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "CERCLE_HOME": str(settings.home),
        "CERCLE_DSN": str(settings.dsn),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, str(path)], env=environment, stdout=subprocess.PIPE
    )


def wait_until(connection: psycopg.Connection, condition: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2_000):
        [found] = connection.execute(f"select exists ({condition})").fetchone() or (False,)
        if found:
            return
        assert process.poll() is None, "The load ended before it could be killed"
        time.sleep(0.005)
    raise AssertionError(f"Never seen: {condition}")


def kill(process: subprocess.Popen[bytes], watcher: psycopg.Connection) -> None:
    """Kill the loader, and wait until the server has noticed."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(1_000):
        if watcher.execute(OURS).fetchone() is None:
            return
        time.sleep(0.01)
    raise AssertionError("The server keeps the dead load's session")


def write_lines(folder: Path, count: int) -> Path:
    """Write lines; every second has a time without zone, so that PostgreSQL must judge it, and one is bad."""
    moments = ("2025-03-01T10:00:00Z", "2025-03-01 10:00:00")
    lines = (line(f"O{number}", number, updated_at=moments[number % 2]) for number in range(count))
    return write(folder, "lines.csv", *lines, line("bad", "x"))


def test_a_killed_load_leaves_nothing(database: Settings, tmp_path: Path) -> None:
    path = write_lines(tmp_path, ROWS)
    moments = {
        "while vetted rows go into raw": """and query like 'copy "raw"%'""",
        "while others go into the table of texts": "and query like 'copy pg_temp%'",
        "while it stores these": "and query like 'with inserted%'",
    }
    with db.connect(database, autocommit=True) as watcher:
        for name, condition in moments.items():
            process = start(database, path)
            wait_until(watcher, f"{OURS} {condition}", process)
            kill(process, watcher)
            for relation in ("ops.loads", "ops.rejected_rows", "ops.normalised_values", "ops.raw_relations"):
                assert value(database, f"select count(*) from {relation}") == 0, (name, relation)
            assert value(database, "select to_regclass('raw.store__order_lines')") is None

    result = load_lines(database, path)
    assert (result.stored_count, result.rejected_count) == (ROWS, 1)
    assert held(database) == {result.load_id: ROWS}


@pytest.mark.parametrize("count", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_any_moment_the_next_load_leaves_the_same_rows(
    count: int, database: Settings, tmp_path: Path
) -> None:
    chance = random.Random(count)
    path = write_lines(tmp_path, 20_000)
    undisturbed = load_lines(database, path, replace(STORE, name="undisturbed"))
    killed_count = 0
    with db.connect(database, autocommit=True) as watcher:
        for _ in range(count):
            process = start(database, path)
            wait_until(watcher, OURS, process)
            time.sleep(chance.uniform(0, undisturbed.seconds))
            killed_count += process.poll() is None
            kill(process, watcher)
            loads = "select count(*) from ops.loads where source = 'store'"
            if value(database, loads):  # it was faster
                watcher.execute("delete from raw.store__order_lines where _source = 'store'")
                watcher.execute("delete from ops.loads where source = 'store'")
    assert killed_count >= count // 2

    result = load_lines(database, path)
    assert (result.stored_count, result.rejected_count) == (20_000, 1)
    rows = "select _line, _row_hash, order_id, line_amount from raw.store__order_lines where _source = %s order by 1"
    assert query(database, rows, "store") == query(database, rows, "undisturbed")
