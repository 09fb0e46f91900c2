"""kill -9 in the middle of a publication leaves the old one whole, and the next run publishes the new one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from cercle import db
from cercle.settings import Settings
from mini_project import a_mart, built, published

RELATIONS = ("first", "second", "third")
# Each relation is announced before its rows change: the parent then waits for a random moment, and kills.
PUBLISH = """
import sys
from pathlib import Path
from cercle import flow
from cercle.settings import Settings

settings = Settings(home=Path(sys.argv[1]), dsn=sys.argv[2], project_dir=Path(sys.argv[3]))

def identity(connection, publication_id, as_of):
    connection.execute("insert into identity.ids values ('customer', %s, 'm', %s, %s, now())", [publication_id] * 3)

flow.publish(settings, int(sys.argv[4]), apply_identity=identity, on_progress=lambda name: print(name, flush=True))
print("done", flush=True)
"""


def marts(version: int, count: int) -> dict:
    return {
        a_mart(relation, [("id", "int"), ("version", "int"), ("text", "text")]): (
            f"select n, {version}, 'text ' || n from generate_series(1, {count}) as n"
        )
        for relation in RELATIONS
    }


def state(settings: Settings) -> dict[str, tuple]:
    """Versions and rows of each mart, and what else a publication writes."""
    with db.connect(settings) as connection:
        found = {
            name: connection.execute(
                f"select min(version), max(version), count(*) from marts.{name}"
            ).fetchone()
            for name in RELATIONS
        }
        for table in ("identity.ids", "ops.publications"):
            found[table] = connection.execute(f"select count(*) from {table}").fetchone()
    return found


def whole(version: int, count: int) -> dict[str, tuple]:
    """The state after the publication of a version; the first one is made without ids."""
    return {
        **dict.fromkeys(RELATIONS, (version, version, count + version)),
        "identity.ids": (version - 1,),
        "ops.publications": (version,),
    }


def start(settings: Settings, build_id: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            PUBLISH,
            str(settings.home),
            str(settings.dsn),
            str(settings.project_dir),
            str(build_id),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )


def test_a_publication_killed_at_any_moment_changes_nothing_or_is_whole(database: Settings) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    version, count = 1, 60_000
    published(database, marts(version, count + version))
    build_id = built(database, marts(version + 1, count + version + 1))
    killed_at = []
    for moment in ("identity", *RELATIONS, "keys", RELATIONS[-1]):
        process = start(database, build_id)
        assert process.stdout is not None
        while (line := process.stdout.readline().strip()) != moment:
            assert line, "the publication ended before it was killed"
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        said = [moment, *process.stdout.read().split()]
        process.wait()
        if state(database) == whole(version + 1, count):  # too late: it was committed
            assert said[-1] in {"access", "done"}
            version += 1
            build_id = built(database, marts(version + 1, count + version + 1))
            continue
        killed_at.append(said[-1])
        assert state(database) == whole(version, count), f"killed at {said[-1]}"
    print("killed at", killed_at)
    assert len(killed_at) >= 3
    assert start(database, build_id).communicate(timeout=60)[0].split()[-1] == "done"
    assert state(database) == whole(version + 1, count)
