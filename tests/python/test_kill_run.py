"""kill -9 of `cercle run` in a load, in dbt, in the publication: the next run gives the marts of an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cercle import db
from cercle.diff import diff_warehouses
from cercle.project import create_project
from cercle.settings import Settings

AS_OF = "2026-10-31T23:00:00Z"  # where simulated worlds end


def command(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """Start `cercle` as a user would, in a process group of its own."""
    variables = {
        "CERCLE_HOME": settings.home,
        "CERCLE_DSN": settings.dsn,
        "CERCLE_PROJECT": settings.project_dir,
        "CERCLE_LANDING": settings.landing_dir,
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", "from cercle.cli import main; main()", *arguments],
        env={**os.environ, **{name: str(value) for name, value in variables.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run_to_the_end(settings: Settings, *arguments: str) -> None:
    process = command(settings, *arguments)
    said, _ = process.communicate(timeout=600)
    assert process.returncode == 0, said


@contextmanager
def killed_run(settings: Settings) -> Iterator[Iterator[str]]:
    """Start a run, yield its lines, and kill it without mercy at the end of the block."""
    process = command(settings, "run", "--as-of", AS_OF)
    assert process.stdout is not None
    try:
        yield process.stdout
        assert process.poll() is None, "it ended before it was killed"
    finally:
        # only the command itself: what it started has to notice
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


def wait_for_line(lines: Iterator[str], step: str) -> None:
    said = []
    for line in lines:
        said.append(line)
        if line.startswith(step):
            return
    raise AssertionError("".join(said))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_killed_three_times_gives_the_marts_of_an_undisturbed_one(
    make_database: Callable[..., Settings], tmp_path: Path
) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    undisturbed, killed = make_database(), make_database()
    run_to_the_end(
        undisturbed, "simulate", "--customers", "60", "--days", "200", "--out", str(tmp_path / "world")
    )
    landing = tmp_path / "world" / "landing"
    undisturbed, killed = (replace(settings, landing_dir=landing) for settings in (undisturbed, killed))
    for settings in (undisturbed, killed):
        create_project(settings)
    run_to_the_end(undisturbed, "run", "--as-of", AS_OF)

    with db.connect(killed, autocommit=True) as connection:

        def count(relation: str) -> int:
            row = connection.execute(f"select count(*) from {relation}").fetchone()
            return int(row[0])

        with killed_run(killed):
            deadline = time.monotonic() + 60
            while count("ops.loads") < 5:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        loaded = count("ops.loads")
        with killed_run(killed) as lines:
            wait_for_line(lines, "staging")
            time.sleep(chance.uniform(3, 9))
        assert count("ops.loads") > loaded
        # So small a publication takes half a second: a reader's lock holds it near its end, with its rows written.
        with db.connect(killed) as reader, killed_run(killed) as lines:
            reader.execute("lock table ops.recent_alerts in share mode")
            wait_for_line(lines, "marts check")
            time.sleep(chance.uniform(0.1, 2))
        assert count("ops.publications") == 0
        assert count("identity.ids") == 0
        run_to_the_end(killed, "run", "--as-of", AS_OF)
        states = connection.execute("select state from ops.builds order by build_id").fetchall()
    assert [state for (state,) in states] == ["abandoned", "abandoned", "published"]
    found = diff_warehouses(killed, str(undisturbed.dsn), str(killed.dsn))
    assert found.is_same, [relation for relation in found.relations if not relation.is_same]
    assert sum(relation.left_rows for relation in found.relations) > 1000
