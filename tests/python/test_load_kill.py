"""A load that is killed leaves nothing, and the next one does the whole work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from cercle import db
from cercle.settings import Settings
from load_support import held, line, load_lines, value, write

LOADER = """
import sys
from pathlib import Path
from load_support import STORE
from cercle.load import load_file
from cercle.settings import Settings
load_file(Settings.from_env(), STORE, Path(sys.argv[1]), "order_lines", on_rows=lambda count: print(count, flush=True))
"""
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


def test_a_killed_load_leaves_nothing(database: Settings, tmp_path: Path) -> None:
    path = write(
        tmp_path, "lines.csv", *(line(f"O{number}", number) for number in range(ROWS)), line("bad", "x")
    )
    ours = (
        "select from pg_stat_activity where datname = current_database() and application_name = 'cercle load'"
    )
    moments = {
        "while it reads": "and query like 'copy%'",
        "while it stores": "and query like 'with inserted%'",
    }
    with db.connect(database, autocommit=True) as watcher:
        for name, condition in moments.items():
            process = start(database, path)
            wait_until(watcher, f"{ours} {condition}", process)
            process.send_signal(signal.SIGKILL)
            process.wait()
            for _ in range(1_000):
                if watcher.execute(ours).fetchone() is None:
                    break
                time.sleep(0.01)
            else:
                raise AssertionError("The server keeps the dead load's session")
            for relation in ("ops.loads", "ops.rejected_rows", "ops.normalised_values", "ops.raw_relations"):
                assert value(database, f"select count(*) from {relation}") == 0, (name, relation)
            assert value(database, "select to_regclass('raw.store__order_lines')") is None

    result = load_lines(database, path)
    assert (result.stored_count, result.rejected_count) == (ROWS, 1)
    assert held(database) == {result.load_id: ROWS}
