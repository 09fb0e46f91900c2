"""One dbt serves many commands; a run leaves out only tests that its models ask themselves; views stay."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cercle import builds, db, dbt_process, dbt_runner, dbt_selection, flow
from cercle.errors import CercleError
from cercle.settings import Settings
from mini_project import build, deliver, make_warehouse, some_orders
from projects import World, clone_world, query

BROKEN_KEY = """
{{ config(materialized='table', schema='intermediate', post_hook='{{ cercle.guard_keys() }}') }}
select * from (values %s) as rows (first, second, third)
"""
APPENDED_RECORD = """
{{ config(
    materialized='incremental', incremental_strategy='append', schema='intermediate', meta={'is_by_record': true},
    post_hook='{{ cercle.guard_keys() }}'
) }}
select '%s'::text as record_key, {{ cercle.is_arrived_record("''") }} as is_arrived
"""
TESTS_OF_RECORD = """
models:
  - name: appended
    columns:
      - {name: record_key, data_tests: [unique]}
"""
TESTS_OF_KEY = """
models:
  - name: guarded
    data_tests:
      - cercle.unique_combination: {arguments: {columns: [first, second]}}
    columns:
      - {name: first, data_tests: [not_null]}
      - {name: third, data_tests: [unique]}
"""

# A model that is no table asks nothing: which table would break its own key if this one's were broken.
KEY_STANDS_IN = {
    "int_clusters_resolved": "int_customer_ids_versioned",
    "int_edges_adopted": "int_links_assigned",
    "int_edges_linked": "int_links_assigned",
    "int_edges_matched": "int_edges_judged",
    "int_edges_scored": "int_links_assigned",
    "int_links_unioned": "int_links_assigned",
}


def test_a_model_asks_for_its_own_key(world: World, make_database: Callable[..., Settings]) -> None:
    settings = clone_world(world, make_database).settings
    folder = settings.project_dir / "models"
    folder.mkdir(exist_ok=True)
    (folder / "_guarded.yml").write_text(TESTS_OF_KEY)

    def make(rows: str) -> None:
        (folder / "guarded.sql").write_text(BROKEN_KEY % rows)
        dbt_runner.run_dbt(settings, "run", ["--select", "guarded"])

    with dbt_runner.warm_dbt(settings):
        make("(1, 'marie', 7), (1, 'paul', null), (2, 'zoe', null)")
        for rows, sentence in {
            "(1, 'marie', 7), (1, 'marie', 8)": "several rows share first, second",
            "(1, 'marie', 7), (1, 'paul', 7)": "several rows share third",
            "(1, 'marie', 7), (null, 'paul', 8)": "rows lack first",
            "(1, 'marie', 7), (2, null, 8)": "rows lack first or second",
        }.items():
            with pytest.raises(CercleError, match=f"guarded: {sentence}") as error:
                make(rows)
            assert "marie" not in str(error.value)


def test_an_increment_by_record_is_asked_for_the_records_that_arrived(
    world: World, make_database: Callable[..., Settings]
) -> None:
    settings = clone_world(world, make_database).settings
    [(arrived,)] = query(settings, "select min(record_key) from intermediate.int_records_arrived")
    folder = settings.project_dir / "models"
    folder.mkdir(exist_ok=True)
    (folder / "_appended.yml").write_text(TESTS_OF_RECORD)

    def append(record_key: str) -> None:
        (folder / "appended.sql").write_text(APPENDED_RECORD % record_key)
        dbt_runner.run_dbt(settings, "run", ["--select", "appended"])

    with dbt_runner.warm_dbt(settings):
        append("stayed")
        append("stayed")  # a key that an earlier build has answered for is not asked for again
        append(arrived)
        with pytest.raises(CercleError, match="appended: several rows share record_key"):
            append(arrived)


def test_a_run_leaves_out_no_test_that_nobody_asks(world: World) -> None:
    """Tests of keys are left out where a table asks for its own key, and on staging views: raw has theirs."""
    nodes = dbt_runner.read_manifest(world.settings)["nodes"]
    left_out = [
        node
        for node in nodes.values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in dbt_selection.KEY_TESTS
        and node["package_name"] == "cercle"
    ]
    assert len(left_out) > 150
    tables = {node["name"]: node for node in nodes.values() if node["resource_type"] == "model"}
    with_key = {nodes[test["attached_node"]]["name"] for test in left_out} | {
        name
        for name, node in tables.items()
        if any(constraint["type"] == "primary_key" for constraint in node["constraints"])
    }
    for test in left_out:
        model = nodes[test["attached_node"]]
        if model["config"]["materialized"] == "ephemeral":
            assert KEY_STANDS_IN[model["name"]] in with_key
            model = tables[KEY_STANDS_IN[model["name"]]]
            assert model["config"]["materialized"] != "ephemeral"
        is_view = model["config"]["schema"] == "staging" and model["config"]["materialized"] == "view"
        guards = [hook for hook in model["config"]["post-hook"] if "guard_keys()" in hook["sql"]]
        is_strict = not test["config"]["where"] and test["config"]["severity"].lower() == "error"
        assert is_view or (len(guards) == 1 and is_strict and guards[0]["transaction"]), test["name"]


def test_every_node_belongs_to_one_layer_and_is_run_there(world: World) -> None:
    manifest = dbt_runner.read_manifest(world.settings)
    wanted = [
        name
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed", "test")
        and not (
            node["package_name"] == "cercle"
            and (node.get("test_metadata") or {}).get("name") in dbt_selection.KEY_TESTS
        )
    ]
    layers = [dbt_selection.nodes_of_layer(manifest, layer) for layer in dbt_selection.LAYERS]
    assert sorted(node["unique_id"] for nodes in layers for node in nodes) == sorted(wanted)
    after_staging = {
        node["unique_id"]
        for nodes in layers[1:]
        for node in nodes
        if node["config"]["materialized"] != "ephemeral"
    }
    ran = query(
        world.settings,
        "select node_id from ops.build_models where build_id = (select max(build_id) from ops.build_models)",
    )
    assert after_staging <= {name for (name,) in ran}
    assert not [name for (name,) in ran if name.startswith("unit_test.")]


def test_one_dbt_runs_command_after_command(database: Settings) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 5))
    with dbt_runner.warm_dbt(database):
        [server] = dbt_process._warm.values()
        dbt_runner.parse_ahead(database)
        dbt_runner.run_dbt(database, "seed")
        with pytest.raises(CercleError, match="nowhere"):
            dbt_runner.run_dbt(database, "run-operation", ["nowhere"])
        listed = dbt_runner.run_dbt(database, "run", ["--select", "config.schema:staging"])
        assert {node.status for node in listed.nodes} == {"success"}
        assert server._process.poll() is None
    assert server._process.poll() is not None
    assert not dbt_process._warm


def test_a_dbt_that_went_away_is_made_up_for(database: Settings) -> None:
    make_warehouse(database)
    with dbt_runner.warm_dbt(database):
        [server] = dbt_process._warm.values()
        server._process.kill()
        server._process.wait()
        assert dbt_runner.run_dbt(database, "seed").nodes


def test_a_kept_dbt_ends_with_a_killed_caller(database: Settings, tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(
        "import sys, time\n"
        "from cercle import dbt_process\n"
        "from cercle.settings import Settings\n"
        "import os\n"
        "with dbt_process.warm_dbt(Settings.from_env(dict(os.environ))):\n"
        "    [server] = dbt_process._warm.values()\n"
        "    print(server._process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "CERCLE_HOME": str(database.home), "CERCLE_DSN": database.dsn or ""}
    with subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True
    ) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        os.kill(caller.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() if Path("/proc").exists() else _is_alive(pid):
        assert time.monotonic() < deadline, "the kept dbt outlived its caller"
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_staging_is_made_again_when_a_view_has_gone(database: Settings) -> None:
    make_warehouse(database)
    deliver(database, some_orders(0, 5))
    build(database)

    def staged() -> int:
        started = builds.start_build(database)
        result = flow.run_layer(database, started.build_id, "staging")
        builds.fail_build(database, started.build_id, "only a try")
        return len(result.nodes)

    with dbt_runner.warm_dbt(database):
        assert staged() == 0
        with db.connect(database) as connection:
            connection.execute("drop view staging.stg_mini__orders cascade")
        assert staged() > 0


def test_another_account_builds_the_same_project(database: Settings) -> None:
    """dbt reads a project anew when its connection has changed: it must not be told that it knows all files."""
    make_warehouse(database)
    assert dbt_runner.run_dbt(database, "seed").nodes
    name = f"other_{secrets.token_hex(4)}"
    parts = conninfo_to_dict(database.dsn or "") | {"user": name, "password": "other"}
    with db.connect(database, autocommit=True) as owner:
        owner.execute(f"create role {name} superuser login password 'other'".encode())
        try:
            other = replace(database, dsn=make_conninfo(**parts))
            assert dbt_runner.run_dbt(other, "seed").nodes
        finally:
            owner.execute(f"drop owned by {name} cascade".encode())
            owner.execute(f"drop role {name}".encode())
