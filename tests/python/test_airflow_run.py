"""The whole circle by the real DAGs in a process, as `make run` does it: first, again, with bad files, bad marts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml
from psycopg import sql

from cercle import db
from cercle import server as embedded
from cercle.diff import diff_warehouses
from cercle.settings import Settings
from lineage_support import Event, assert_valid, events_of, names
from sinks import HookServer, serving

CUSTOMERS = "120"
CERCLE = Path(sys.executable).parent / "cercle"


@dataclass(frozen=True)
class Circle:
    """A warehouse that `cercle demo` has made once."""

    settings: Settings
    first: dict[str, Any]

    def environment(self) -> dict[str, str]:
        assert self.settings.dsn is not None
        return {
            **os.environ,
            "CERCLE_HOME": str(self.settings.home),
            "CERCLE_DSN": self.settings.dsn,
            "CERCLE_PROJECT": str(self.settings.project_dir),
        }

    def demo(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(CERCLE), "demo", "--json", *arguments],
            env={**self.environment(), **variables},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    def kill_behind(self, step: str) -> None:
        """Start a run, and kill -9 it when this step has ended and the next one is at work."""
        process = subprocess.Popen(
            [str(CERCLE), "demo"],
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if step in line:
                break
        else:
            raise AssertionError(f"the step {step!r} never ended")
        time.sleep(1)
        process.kill()
        process.wait()

    def again(self, **variables: str) -> dict[str, Any]:
        done = self.demo(**variables)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with db.connect(self.settings) as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def warehouse(server: Settings, template: str, home: Path) -> Iterator[Settings]:
    """An empty warehouse in a database of its own, beside a home."""
    name = f"circle_{home.name}".lower()
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    try:
        yield replace(
            server,
            home=home,
            dsn=embedded.url(server, name),
            project_dir=home / "project",
            landing_dir=home / "landing",
        )
    finally:
        with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def circle(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Circle]:
    """A simulated world, run through the circle once."""
    with warehouse(server, template_database, tmp_path_factory.mktemp("circle")) as settings:
        done = Circle(settings, {}).demo("--customers", CUSTOMERS, "--days", "90", "--seed", "3")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        yield Circle(settings, json.loads(done.stdout))


def test_the_first_run_publishes_a_world_and_finds_its_people(circle: Circle) -> None:
    found = circle.first
    marts = {mart["relation"]: mart["row_count"] for mart in found["marts"]}
    assert marts["customer_360"] > 50
    assert {"orders", "order_lines", "interactions", "conversations", "contactability"} <= set(marts)
    assert all(marts[name] > 0 for name in ("orders", "order_lines", "interactions", "contactability"))
    # One pair is 0.3 % of so small a world; the thresholds of a larger one are tested beside identity.
    assert found["truth"]["precision"] >= 0.97
    assert found["truth"]["recall"] >= 0.75
    assert found["publication"]["as_of"].startswith("2026-10-31")
    counts = json.loads((circle.settings.home / "world" / "truth" / "counts.json").read_text())
    assert sum(row["row_count"] for row in found["rejected"]) == counts["dirty_rows"]
    borders = {check["border"] for check in found["checks"] if check["outcome"] == "passed"}
    assert borders == {"raw", "marts"}
    assert not [check for check in found["checks"] if check["outcome"] == "broken"]
    assert not found["kept_out"]
    assert {"load", "check raw", "intermediate (dbt)", "publish"} <= set(found["seconds"])


def test_no_personal_value_is_in_a_log(circle: Circle) -> None:
    values = {
        value
        for (value,) in circle.ask(
            """
            select email from raw.store__customers where length(email) > 8
            union
            select phone from raw.store__customers where length(phone) > 8
            union
            select payload from ops.rejected_rows where length(payload) > 20
            """
        )
    }
    assert len(values) > 50
    for path in circle.settings.log_dir.rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not [value for value in values if value in text], path


IMPOSSIBLE = {
    "name": "marts.impossible",
    "meta": {
        "grain": "One row.",
        "key": "scope",
        "query": "select 'all' as scope, count(*) as customer_count from {marts}.customer_360",
    },
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "customer_count", "max_value": 1},
            "severity": "critical",
            "meta": {"rule": "There is at most one customer."},
        }
    ],
}
NUMBER = "select max(publication_id) from ops.publications"
CUSTOMERS_NOW = "select record_key, customer_id from identity.record_customers where known_to = 'infinity'"


def test_failing_checks_keep_batch_and_publication_back(circle: Circle) -> None:
    """A delivery whose format has changed, and marts that break a critical rule: one run meets both.

    Lineage goes to a file: the load, dbt's models, and the task that failed.
    """
    lineage = circle.settings.home / "lineage.json"
    number = circle.ask(NUMBER)
    folder = circle.settings.home / "world" / "landing" / "store" / "orders"
    header = "order_id,updated_at,ordered_at,sales_channel,status,total_amount,currency_code"
    rows = [
        f"bad{n},2026-10-01T10:00:00Z,2026-10-01T10:00:00Z,web,completed,{'9.00' if n % 4 == 0 else ''},EUR"
        for n in range(40)
    ]
    (folder / "bad.csv").write_text("\n".join([header, *rows]) + "\n")
    suite = circle.settings.project_dir / "expectations" / "marts" / "impossible.yml"
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(yaml.safe_dump(IMPOSSIBLE))
    try:
        done = circle.demo(
            OPENLINEAGE__TRANSPORT__TYPE="file",
            OPENLINEAGE__TRANSPORT__LOG_FILE_PATH=str(lineage),
            OPENLINEAGE__TRANSPORT__APPEND="true",
        )
    finally:
        suite.unlink()

    assert done.returncode == 1
    events = events_of(lineage)
    assert_valid(event for event in events if "." in event["job"]["name"])
    loaded = outputs_of(events, "cercle_load_store.load_files")
    assert names(loaded) == {"raw.store__orders"}
    (failed,) = (event for event in events if event["eventType"] == "FAIL" and "." in event["job"]["name"])
    assert failed["job"]["name"] == "cercle_build.marts.check_marts"
    assert "There is at most one customer. Observed: all " in json.loads(done.stdout)["error"]["what"]
    assert circle.ask(NUMBER) == number, "readers see the last publication"
    ((build, state, error),) = circle.ask(
        "select build_id, state, error from ops.builds order by build_id desc limit 1"
    )
    assert state == "failed"
    assert "at most one customer" in error
    ((load, state, reason),) = circle.ask(
        "select load_id, state, state_reason from ops.loads where file_name = 'store/orders/bad.csv'"
    )
    assert state == "quarantined"
    assert "half of the rows" in reason
    assert circle.ask("select count(*) from raw.store__orders where order_id like 'bad%'") == [(10,)]
    assert circle.ask(
        f"select count(*) from ops.build_loads where build_id = {build} and load_id = {load}"
    ) == [(0,)]


def test_the_next_run_publishes_again_and_changes_no_customer(circle: Circle) -> None:
    before = circle.ask(CUSTOMERS_NOW)
    endpoint = HookServer()
    with serving(endpoint):
        found = circle.again(OPENLINEAGE_URL=endpoint.url)
    lineage_is_told_of_tasks_and_models(circle, endpoint.bodies)
    assert found["loads"]["file_count"] == 0
    assert found["publication"]["publication_id"] > circle.first["publication"]["publication_id"]
    assert sorted(circle.ask(CUSTOMERS_NOW)) == sorted(before)
    changed = {mart["relation"] for mart in found["marts"] if mart["inserted_count"] or mart["deleted_count"]}
    assert not changed, "the same as_of and the same rows: nothing is published anew"
    assert circle.ask("select count(*) from marts.orders where order_number like 'bad%'") == [(0,)]
    assert [load["entity"] for load in found["kept_out"]] == ["orders"], "the quarantined delivery is shown"


def lineage_is_told_of_tasks_and_models(circle: Circle, events: list[Event]) -> None:
    """From raw to what readers see, each model below the task that ran it; without a value, a password, a statement."""
    assert_valid(event for event in events if "." in event["job"]["name"])
    models = [event for event in events if event["job"]["name"].startswith("model.cercle.")]
    assert {event["job"]["name"] for event in models} >= {"model.cercle.customer_360", "model.cercle.orders"}
    tasks = {event["run"]["runId"]: event["job"]["name"] for event in events if event["eventType"] == "START"}
    for event in models:
        parent = event["run"]["facets"]["parent"]
        assert tasks[parent["run"]["runId"]] == parent["job"]["name"]
        assert parent["job"]["name"] in {
            f"cercle_build.{layer}.run_dbt" for layer in ("staging", "intermediate", "marts")
        }
        assert parent["root"]["job"]["name"] == "cercle_build"
        assert event["outputs"], event["job"]["name"]
    orders = next(event for event in models if event["job"]["name"] == "model.cercle.orders")
    assert names(orders["outputs"]) == {"marts_build.orders"}
    assert all(name.startswith(("intermediate.", "marts_build.")) for name in names(orders["inputs"]))
    assert "marts.customer_360" in names(outputs_of(events, "cercle_build.marts.publish"))
    text = json.dumps(events)
    values = circle.ask("select email from raw.store__customers where length(email) > 8")
    password = urlsplit(circle.settings.dsn or "").password
    assert password
    assert not [value for (value,) in [*values, (password,)] if value in text]
    assert "select *" not in text


def outputs_of(events: list[Event], job: str) -> list[Event]:
    return [written for event in events if event["job"]["name"] == job for written in event["outputs"] or ()]


def test_the_page_of_a_customer_shows_all_channels_and_no_contact_point(
    circle: Circle, cli: Callable[..., Any]
) -> None:
    page = Path(circle.first["page"])
    text = page.read_text()
    assert circle.first["example"] in text
    for label in ("Tous les canaux", "All channels", "Commandes", "Consentement"):
        assert label in text
    values = circle.ask(
        "select identifier_value from marts.customer_identifiers "
        f"where customer_id = '{circle.first['example']}' and identifier_type in ('email', 'phone')"
    )
    assert values
    assert not [value for (value,) in values if value in text]
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    answer = cli("customer", "c_nobody", settings=circle.settings)
    assert answer.exit_code == 2
    assert "no customer c_nobody" in answer.err


def test_the_world_and_files_of_your_own_never_mix(circle: Circle, tmp_path: Path) -> None:
    done = circle.demo("--landing", str(tmp_path))
    assert done.returncode == 3
    assert "would mix" in done.stdout
    done = circle.demo("--customers", "50")
    assert done.returncode == 3
    assert f"{CUSTOMERS} customers" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_is_simply_run_again(
    circle: Circle, server: Settings, template_database: str, tmp_path: Path
) -> None:
    """kill -9 among the loads, in dbt's staging and intermediate, before the publication: the marts are the same."""
    with warehouse(server, template_database, tmp_path) as settings:
        shutil.copytree(circle.settings.home / "world", settings.home / "world")
        shutil.copy(circle.settings.home / "demo.json", settings.home / "demo.json")
        killed = Circle(settings, {})
        for step in ("load store", "raw · start build", "staging · run dbt", "marts · run dbt"):
            killed.kill_behind(step)
            assert killed.ask(NUMBER) == [(None,)]
        killed.again()
        assert circle.settings.dsn is not None
        assert settings.dsn is not None
        found = diff_warehouses(settings, circle.settings.dsn, settings.dsn)
        assert found.is_same, found
        states = [state for (state,) in killed.ask("select state from ops.builds order by build_id")]
        assert states == ["abandoned"] * 3 + ["published"]
