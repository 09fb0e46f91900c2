"""dbt is run by layers, its results are kept, its errors quote no row, and it ends with its caller."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cercle import builds, db, dbt_runner, flow, tether
from cercle.dbt_results import without_values
from cercle.errors import EXIT_DIFFERENCE, CercleError
from cercle.settings import Settings
from mini_project import build, deliver, make_warehouse, some_orders


def plan_of_a_changed_model_shows_its_statements(settings: Settings, cli: Callable[..., Any]) -> None:
    assert (
        cli("publication", "plan", settings=settings).out
        == "The marts have the shape of the models already.\n"
    )
    folder = settings.project_dir / "models" / "marts"
    model, contract = folder / "order_ranks.sql", folder / "_marts__models.yml"
    model.write_text(
        model.read_text().replace("    order_id\n", "    order_id,\n    1::smallint as weight\n")
    )
    text = contract.read_text()
    contract.write_text(f"{text}      - {{name: weight, data_type: smallint, description: Its weight.}}\n")
    planned = cli("publication", "plan", "--json", settings=settings).json
    assert [each["statement"] for each in planned["statements"]] == [
        'alter table "marts"."order_ranks" add column "weight" smallint',
        'comment on column "marts"."order_ranks"."weight" is \'Its weight.\'',
    ]
    assert planned["statements"][0]["keeps_readers_out"]
    assert not planned["needs_allow_drop"]


def test_a_whole_build_then_an_increment_and_the_plan_of_a_change(
    database: Settings, cli: Callable[..., Any]
) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 30))
    first = build(database)
    assert {changes.relation: changes.inserted for changes in first.changes} == {
        "customers": 7,
        "orders": 30,
        "order_ranks": 30,
    }
    deliver(database, [*some_orders(30, 1), ("o3", "ref3", "w", "99.99", "changed")])
    second = build(database)
    changed = {changes.relation: (changes.inserted, changes.updated) for changes in second.changes}
    assert (changed["customers"], changed["orders"]) == ((0, 2), (1, 1))
    with db.connect(database) as connection:
        models = dict(
            connection.execute(
                "select split_part(node_id, '.', 3), row_count from ops.build_models where build_id = 2"
            )
        )
        steps = connection.execute(
            "select step, state from ops.build_steps where build_id = 2 order by started_at"
        )
        assert [tuple(row) for row in steps] == [(step, "done") for step in (*flow.LAYERS, "publish")]
        layers = connection.execute("select step, details from ops.build_steps where build_id = 2").fetchall()
        assert connection.execute(
            "select amount, note from marts.orders where order_id = 'o3'"
        ).fetchall() == [(Decimal("99.99"), "changed")]
    assert models["int_orders_kept"] == 2, "the increment reads the new load alone"
    plan_of_a_changed_model_shows_its_statements(database, cli)
    # one test reads a mart and an intermediate model, one an intermediate model that reads a mart
    ran = {layer: {key: details.get(key) for key in ("success", "pass")} for layer, details in layers}
    assert ran["staging"] == {"success": None, "pass": None}, "views that stand are not made again"
    assert ran["intermediate"] == {"success": 1, "pass": 2}
    assert ran["marts"] == {"success": 4, "pass": 2}


def test_a_test_that_fails_is_named_and_nothing_is_published(database: Settings) -> None:
    make_warehouse(database)
    deliver(database, [("o1", "ref1", "w", "1", "marie@example.fr"), ("o1", "ref2", "w", "2", "")])
    started = builds.start_build(database)
    flow.run_layer(database, started.build_id, "staging")
    with pytest.raises(CercleError, match=r"1 dbt test failed: unique_int_orders_kept_order_id") as error:
        flow.run_layer(database, started.build_id, "intermediate")
    assert error.value.exit_code == EXIT_DIFFERENCE
    # the key is enforced in marts_build too: dbt's own message would quote the row
    with pytest.raises(CercleError, match="orders: Database Error") as error:
        flow.run_layer(database, started.build_id, "marts")
    assert "duplicate key" in str(error.value) or "could not create unique index" in str(error.value)
    left = [str(error.value), *(path.read_text() for path in written_by_dbt(database))]
    with db.connect(database) as connection:
        left += [str(row) for row in connection.execute("select message from ops.build_models")]
        assert connection.execute("select count(*) from ops.publications").fetchone() == (0,)
    assert not [text for text in left if "(o1)" in text or "marie@" in text]


def written_by_dbt(settings: Settings) -> list[Path]:
    """Every text file that a run leaves: target, logs."""
    folders = (settings.home / "dbt", settings.log_dir)
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "run_results.json" for path in found)
    assert any(path.name == "dbt.log" for path in found)
    return [path for path in found if path.suffix in {".json", ".log", ".sql"}]


def test_a_project_that_cannot_be_read_is_reported_in_dbts_words(database: Settings) -> None:
    make_warehouse(database)
    (database.project_dir / "models" / "marts" / "broken.sql").write_text(
        "select * from {{ ref('nowhere') }}"
    )
    started = builds.start_build(database)
    with pytest.raises(CercleError, match="nowhere"):
        flow.run_layer(database, started.build_id, "staging")


def test_a_shape_that_cannot_be_published_is_refused_before_the_work(database: Settings) -> None:
    make_warehouse(database)
    with db.connect(database) as connection:
        connection.execute("create table marts.orders (mine text)")
    started = builds.start_build(database)
    with pytest.raises(CercleError, match="is not cercle's"):
        flow.run_layer(database, started.build_id, "staging")


def test_a_dbt_that_is_not_there_is_named(database: Settings) -> None:
    make_warehouse(database)
    with pytest.raises(CercleError, match="CERCLE_DBT"):
        dbt_runner.run_dbt(replace(database, dbt_executable="/nowhere/dbt"), "parse")


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            'Database Error in model orders (models/orders.sql)\n  invalid input syntax for type integer: "12 rue X"\n'
            "  LINE 1: select '12 rue X'::int\n          ^\n  compiled code at target/run/orders.sql",
            'Database Error in model orders (models/orders.sql)\n  invalid input syntax for type integer: "…"\n'
            "  compiled code at target/run/orders.sql",
        ),
        (
            'duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (email)=(a@b.fr) exists.',
            'duplicate key value violates unique constraint "orders_pkey"',
        ),
        (
            'column "note" of relation "orders" does not exist',
            'column "note" of relation "orders" does not exist',
        ),
        ('value "3000000000" is out of range for type integer', 'value "…" is out of range for type integer'),
        ('date/time field value out of range: "31/02/2024"', 'date/time field value out of range: "…"'),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        ('column "Marie Dupont" does not exist', 'column "…" does not exist'),
    ],
)
def test_messages_lose_values_and_keep_names(message: str, kept: str) -> None:
    assert without_values(message) == kept


# --- tether -----------------------------------------------------------------------------------------------

CALLER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, sys.argv[1], sys.executable, "-c", sys.argv[2]], stdin=subprocess.PIPE)
time.sleep(60)
"""
CHILD = "import os, time; open({path!r}, 'w').write(str(os.getpid())); time.sleep(60)"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def test_a_killed_caller_takes_its_command_along(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, tether.__file__, CHILD.format(path=str(path))],
        stdin=subprocess.DEVNULL,
    )
    wait_until(lambda: path.exists() and path.read_text())
    pid = int(path.read_text())
    assert is_alive(pid)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    wait_until(lambda: not is_alive(pid))


def test_a_tethered_command_gives_its_exit_code_and_output() -> None:
    command = [sys.executable, "-c", "print('said'); raise SystemExit(7)"]
    with subprocess.Popen(
        [sys.executable, tether.__file__, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read() == "said\n"
        assert process.wait(timeout=10) == 7
