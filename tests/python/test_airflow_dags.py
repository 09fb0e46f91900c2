"""The DAGs: which there are, how they are shaped, that importing them is light and touches nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cercle.airflow.environment import AirflowHome
from cercle.paths import package_root
from cercle.project import create_project
from cercle.settings import Settings

HOUSE = ("contact", "email", "marketing", "phone", "privacy", "social", "store")
EXPECTED = {
    *("cercle_build", "cercle_privacy", "cercle_upkeep", "cercle_watch"),
    *(f"cercle_load_{source}" for source in HOUSE),
}

# What a DAG file says of itself, as JSON. Airflow is imported in a process of its own: it keeps one home per process.
_DESCRIBE = """
import json, sys, time
import airflow
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
import airflow.providers.standard.operators.empty
before = set(sys.modules)
begin = time.monotonic()
bag = DagBag(sys.argv[1])
seconds = time.monotonic() - begin
new = {name.partition(".")[0] for name in set(sys.modules) - before}
def tasks(dag):
    return {
        task.task_id: {
            "upstream": sorted(task.upstream_task_ids),
            "retries": task.partial_kwargs["retries"] if task.is_mapped else task.retries,
            "timeout": (task.partial_kwargs["execution_timeout"] if task.is_mapped else task.execution_timeout).seconds,
            "owner": task.owner,
            "outlets": [asset.name for asset in task.outlets],
            "doc": task.doc_md,
            "failure": not task.is_mapped and bool(task.on_failure_callback),
            "mapped": task.is_mapped,
        }
        for task in dag.tasks
    }
print("ANSWER" + json.dumps({
    "seconds": seconds,
    "errors": bag.import_errors,
    "modules": sorted(new),
    "dags": {
        dag.dag_id: {
            "tasks": tasks(dag),
            "groups": sorted(group for group in dag.task_group_dict if group),
            "assets": sorted(
                asset.name for asset in getattr(getattr(dag.timetable, "asset_condition", None), "objects", ())
            ),
            "doc": dag.doc_md,
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
        }
        for dag in bag.dags.values()
    },
}))
"""


def in_python(code: str, environment: dict[str, str], *arguments: str) -> Any:
    """Run code in a fresh process, and return what it printed behind ANSWER."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    assert answers, done.stderr[-3000:] + done.stdout[-3000:]
    return json.loads(answers[-1].removeprefix("ANSWER"))


def airflow_variables(settings: Settings) -> dict[str, str]:
    return AirflowHome(settings).variables()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the files in dags/ declare, without a project."""
    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path_factory.mktemp("home"))})
    variables = {
        **airflow_variables(settings),
        "CERCLE_PROJECT": "",
        "CERCLE_DSN": "postgresql://nobody@127.0.0.1:1/x",
    }
    return in_python(_DESCRIBE, variables, str(package_root() / "dags"))


def test_the_expected_dags_are_there_and_nothing_else(shipped: Any) -> None:
    assert shipped["errors"] == {}
    assert set(shipped["dags"]) == EXPECTED


def test_a_project_made_by_init_declares_the_same_dags(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {"CERCLE_HOME": str(tmp_path / "home"), "CERCLE_PROJECT": str(tmp_path / "project")}
    )
    create_project(settings)
    found = in_python(_DESCRIBE, airflow_variables(settings), str(settings.project_dir / "dags"))
    assert found["errors"] == {}
    assert set(found["dags"]) == EXPECTED
    assert found["seconds"] < 2


def test_importing_the_dag_files_is_light(shipped: Any) -> None:
    assert shipped["seconds"] < 2
    heavy = {
        "dbt",
        "great_expectations",
        "pandas",
        "psycopg",
        "phonenumbers",
        "pyarrow",
        "duckdb",
        "sqlalchemy",
    }
    assert not heavy & set(shipped["modules"]), "heavy imports belong inside tasks"


def test_the_build_has_the_four_words_in_order(shipped: Any) -> None:
    build = shipped["dags"]["cercle_build"]
    assert build["groups"] == ["intermediate", "marts", "raw", "staging"]
    tasks = build["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == {
        "raw.check_raw": [],
        "raw.start_build": ["raw.check_raw"],
        "staging.run_dbt": ["raw.start_build"],
        "intermediate.append_ledger": ["staging.run_dbt"],
        "intermediate.run_dbt": ["intermediate.append_ledger"],
        "marts.run_dbt": ["intermediate.run_dbt"],
        "marts.check_marts": ["marts.run_dbt"],
        "marts.publish": ["marts.check_marts"],
    }
    assert all(task["failure"] for task in tasks.values()), "each task tells ops.builds when it fails"
    assert build["max_active_runs"] == 1


def test_any_loaded_source_starts_the_build(shipped: Any) -> None:
    build = shipped["dags"]["cercle_build"]
    announced = {
        asset
        for name, dag in shipped["dags"].items()
        if name != "cercle_build"
        for task in dag["tasks"].values()
        for asset in task["outlets"]
    }
    assert set(build["assets"]) == announced == {f"cercle_raw_{source}" for source in HOUSE}
    assert build["tasks"]["marts.publish"]["outlets"] == ["cercle_marts"]


def test_every_task_is_fit_for_the_night(shipped: Any) -> None:
    for name, dag in shipped["dags"].items():
        assert dag["catchup"] is False
        assert "reads" in dag["doc"], name
        assert "writes" in dag["doc"], name
        for task_name, task in dag["tasks"].items():
            assert task["retries"] == 2, (name, task_name)
            assert 0 < task["timeout"] <= 7200
            assert task["owner"] == "cercle"
            assert task["doc"], (name, task_name)
    load = shipped["dags"]["cercle_load_store"]["tasks"]
    assert [task for task, shape in load.items() if shape["mapped"]] == ["load_files"]


def test_no_variable_of_another_airflow_survives(tmp_path: Path) -> None:
    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path)})
    code = """
        import json, os
        from cercle.airflow.environment import AirflowHome, apply
        from cercle.settings import Settings
        apply(AirflowHome(Settings.from_env()))
        print("ANSWER" + json.dumps({k: v for k, v in os.environ.items() if k.startswith("AIRFLOW")}))
    """
    leak = {"CERCLE_HOME": str(tmp_path), "AIRFLOW__CORE__LEAKED": "1", "AIRFLOW_HOME": "/nowhere"}
    found = in_python(code, leak)
    assert "AIRFLOW__CORE__LEAKED" not in found
    assert found["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert found == {k: v for k, v in airflow_variables(settings).items() if k.startswith("AIRFLOW")}
    secrets = [path for path in (tmp_path / "secrets").iterdir() if path.name.startswith("airflow")]
    assert len(secrets) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in secrets)


def test_airflow_lists_cercle_among_its_providers(tmp_path: Path) -> None:
    code = """
        import json
        from airflow.providers_manager import ProvidersManager
        found = ProvidersManager().providers["cercle"]
        print("ANSWER" + json.dumps([found.version, found.data["description"]]))
    """
    settings = Settings.from_env({"CERCLE_HOME": str(tmp_path)})
    version, description = in_python(code, airflow_variables(settings))
    from cercle import __version__

    assert version == __version__
    assert "customer-360" in description
