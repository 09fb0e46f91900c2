"""kill -9 in the middle of a build, then the build again: the marts of an undisturbed run, and no dbt left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cercle import db
from cercle.diff import diff_warehouses
from cercle.settings import Settings
from mini_project import AS_OF, build, deliver, make_warehouse, some_orders

BUILD = """
import sys
from pathlib import Path
from mini_project import build
from cercle.settings import Settings

build(Settings(home=Path(sys.argv[1]), dsn=sys.argv[2], project_dir=Path(sys.argv[3]), dbt_executable=sys.argv[4]))
"""


def start_build(settings: Settings) -> subprocess.Popen[bytes]:
    here = Path(__file__).parent
    return subprocess.Popen(
        [
            *(sys.executable, "-c", BUILD, str(settings.home), str(settings.dsn)),
            *(str(settings.project_dir), settings.dbt_executable),
        ],
        env={**os.environ, "PYTHONPATH": f"{here}:{here.parents[1] / 'src'}"},
    )


def slow_down(settings: Settings, is_slow: bool) -> None:
    """Let the models of the build's middle read for ten seconds, so that there is a middle to be killed in."""
    with db.connect(settings) as connection:
        connection.execute(
            "create or replace view public.pause as "
            + ("select pg_sleep(10)::text as pause" if is_slow else "select ''::text as pause")
        )


def wait_for(settings: Settings, query: str) -> None:
    deadline = time.monotonic() + 60
    with db.connect(settings, autocommit=True) as connection:
        while not connection.execute(query).fetchone()[0]:
            assert time.monotonic() < deadline, query
            time.sleep(0.05)


def warehouse(make_database: Callable[..., Settings], salt: str) -> Settings:
    """A published warehouse with a new load that waits; its marts read `public.pause`."""
    settings = make_database()
    make_warehouse(settings, salt)
    slow_down(settings, is_slow=False)
    model = settings.project_dir / "models" / "intermediate" / "int_orders_kept.sql"
    model.write_text(model.read_text().replace("'c_' ||", "'c_' || (select pause from public.pause) ||"))
    deliver(settings, some_orders(0, 30))
    build(settings)
    deliver(settings, [*some_orders(20, 25), ("o3", "ref5", "s", "7", "moved")])
    return settings


def dbt_sessions(settings: Settings, condition: str, count: str) -> str:
    """A query that tells whether so many sessions of dbt are in a state."""
    return (
        f"select count(*) {count} from pg_stat_activity "
        f"where datname = '{db.conninfo(settings)['dbname']}' and application_name = 'dbt' and {condition}"
    )


@pytest.mark.slow
def test_a_build_killed_inside_a_model_is_taken_up_by_the_next(
    make_database: Callable[..., Settings],
) -> None:
    undisturbed = warehouse(make_database, "")
    build(undisturbed)
    killed = warehouse(make_database, "other ids")
    with db.connect(killed) as connection:
        before = connection.execute("select * from marts.orders order by order_id").fetchall()
    slow_down(killed, is_slow=True)
    process = start_build(killed)
    wait_for(killed, dbt_sessions(killed, "wait_event = 'PgSleep'", "> 0"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    # the server's process ends within two seconds too, though its client was killed inside a statement
    wait_for(killed, dbt_sessions(killed, "true", "= 0"))
    with db.connect(killed) as connection:
        assert connection.execute("select * from marts.orders order by order_id").fetchall() == before
        assert connection.execute("select count(*) from identity.ids").fetchone() == (7,)
    slow_down(killed, is_slow=False)
    build(killed)
    with db.connect(killed) as connection:
        states = connection.execute("select state from ops.builds order by build_id").fetchall()
    assert [state for (state,) in states] == ["published", "abandoned", "published"]
    found = diff_warehouses(killed, str(undisturbed.dsn), str(killed.dsn))
    assert found.is_same, [relation for relation in found.relations if not relation.is_same]
    assert found.left_as_of == found.right_as_of == AS_OF
