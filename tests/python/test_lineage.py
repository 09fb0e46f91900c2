"""Lineage of dbt models: valid events with parents, what was read and written, and nothing else of the warehouse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.client import OpenLineageClient
from openlineage.client.uuid import generate_new_uuid

from cercle import builds, flow
from cercle.dbt_results import NodeResult
from cercle.errors import CercleError
from cercle.lineage import Parent, Warehouse, model_events
from cercle.settings import Settings
from lineage_support import Event, assert_valid, events_of, names
from mini_project import AS_OF, deliver, make_warehouse, some_orders

PARENT = Parent(
    "house", "cercle_build.marts.run_dbt", str(generate_new_uuid()), "cercle_build", str(generate_new_uuid())
)
# The row of someone else that the failing model meets.
SECRET = "note of Madame Petit"


@pytest.fixture(scope="module")
def told(make_lasting_database: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """The events of a build whose last layer fails, as they arrive in a file."""
    settings: Settings = make_lasting_database()
    make_warehouse(settings)
    deliver(settings, [("o1", "ref1", "w", "1.50", SECRET), *some_orders(2, 9)])
    models = settings.project_dir / "models"
    (models / "intermediate" / "int_orders_read.sql").write_text(
        "{{ config(materialized='ephemeral') }} select * from {{ ref('int_orders_kept') }}"
    )
    customers, ranks = models / "marts" / "customers.sql", models / "marts" / "order_ranks.sql"
    customers.write_text(customers.read_text().replace("int_orders_kept", "int_orders_read"))
    ranks.write_text(
        ranks.read_text().replace("    order_id\nfrom", "    (note::integer)::text as order_id\nfrom")
    )
    results: list[NodeResult] = []
    build_id = builds.start_build(settings, AS_OF, wait_seconds=20).build_id
    for layer in flow.LAYERS[:2]:
        flow.run_layer(settings, build_id, layer, on_results=results.extend)
    with pytest.raises(CercleError):
        flow.run_layer(settings, build_id, "marts", on_results=results.extend)
    file = tmp_path_factory.mktemp("lineage") / "events.json"
    client = OpenLineageClient(
        config={"transport": {"type": "file", "log_file_path": str(file), "append": True}}
    )
    manifest = json.loads((settings.home / "dbt" / "target" / "manifest.json").read_text())
    for event in model_events(manifest, results, PARENT, Warehouse.of(settings)):
        client.emit(event)
    return events_of(file)


def test_each_model_has_a_beginning_an_end_and_a_parent(told: list[Event]) -> None:
    assert_valid(told)
    ends = {
        event["job"]["name"]: event["eventType"] for event in told if event["eventType"] not in ("START",)
    }
    assert ends == {
        "seed.mini.channels": "COMPLETE",
        "model.mini.stg_mini__orders": "COMPLETE",
        "model.mini.int_orders_kept": "COMPLETE",
        "model.mini.customers": "COMPLETE",
        "model.mini.int_customers_ranked": "COMPLETE",
        "model.mini.orders": "COMPLETE",
        "model.mini.order_ranks": "FAIL",
    }
    for event in told:
        parent = event["run"]["facets"]["parent"]
        assert parent["job"] == {"namespace": "house", "name": "cercle_build.marts.run_dbt", "facets": {}}
        assert parent["run"]["runId"] == PARENT.run_id
        assert parent["root"]["job"]["name"] == "cercle_build"
        assert parent["root"]["run"]["runId"] == PARENT.root_run_id


def test_what_a_model_reads_and_writes(told: list[Event]) -> None:
    ended = {event["job"]["name"]: event for event in told if event["eventType"] == "COMPLETE"}
    kept = ended["model.mini.int_orders_kept"]
    assert names(kept["inputs"]) == {"staging.stg_mini__orders", "intermediate.channels"}
    (written,) = kept["outputs"]
    assert names([written]) == {"intermediate.int_orders_kept"}
    assert written["namespace"].startswith("postgres://127.0.0.1:")
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 10
    customers = ended["model.mini.customers"]
    assert names(customers["inputs"]) == {"intermediate.int_orders_kept"}, (
        "a model without a relation is what it reads"
    )
    (published,) = customers["outputs"]
    fields = {field["name"]: field["type"] for field in published["facets"]["schema"]["fields"]}
    assert fields["customer_id"] == "text"


def test_no_sql_no_value_and_no_password(told: list[Event]) -> None:
    text = json.dumps(told).lower()
    for secret in (SECRET, "select ", "md5(", "invalid input", "password"):
        assert secret.lower() not in text


def test_a_warehouse_is_named_without_account_and_password(database: Settings) -> None:
    named = Warehouse.of(replace(database, dsn="postgresql://anne:s3cret@db.example.org:5433/house"))
    assert named == Warehouse("db.example.org", "5433", "house")
    local = Warehouse.of(replace(database, dsn="postgresql:///house?host=/var/run/postgresql"))
    assert local == Warehouse("localhost", "5432", "house")


def test_lineage_is_neither_told_nor_imported_unless_configured(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from cercle.airflow import lineage; print(lineage.is_on(), 'openlineage' in sys.modules)"
    )
    from cercle.airflow.environment import AirflowHome

    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path)})
    answers = []
    for extra in ({}, {"OPENLINEAGE_URL": "http://127.0.0.1:9"}):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**AirflowHome(settings).variables(), "PATH": "/usr/bin:/bin", **extra},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        answers.append(done.stdout.splitlines()[-1])
    assert answers == ["False False", "True False"]
