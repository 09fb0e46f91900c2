"""The whole circle by the real DAGs in a process, as `make run` does it: first, again, with bad files, bad marts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cercle import db
from cercle.settings import Settings

CUSTOMERS = "120"


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

    def demo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "cercle"), "demo", "--json", *arguments]
        return subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, timeout=280, check=False
        )

    def again(self) -> dict[str, Any]:
        done = self.demo()
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with db.connect(self.settings) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def circle(server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A simulated world, run through the circle once."""
    from dataclasses import replace

    from psycopg import sql

    from cercle import server as embedded

    name = "test_circle"
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template_database)
            )
        )
    home = tmp_path_factory.mktemp("circle")
    settings = replace(
        server,
        home=home,
        dsn=embedded.url(server, name),
        project_dir=home / "project",
        landing_dir=home / "landing",
    )
    made = Circle(settings, {})
    done = made.demo("--customers", CUSTOMERS, "--days", "90", "--seed", "3")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    yield Circle(settings, json.loads(done.stdout))
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


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


def test_a_second_run_with_nothing_new_changes_no_customer(circle: Circle) -> None:
    before = circle.ask(
        "select record_key, customer_id from identity.record_customers where known_to = 'infinity'"
    )
    found = circle.again()
    after = circle.ask(
        "select record_key, customer_id from identity.record_customers where known_to = 'infinity'"
    )
    assert sorted(before) == sorted(after)
    assert found["loads"]["file_count"] == 0
    assert found["publication"]["publication_id"] > circle.first["publication"]["publication_id"]
    changed = {mart["relation"] for mart in found["marts"] if mart["inserted_count"] or mart["deleted_count"]}
    assert not changed, "the same as_of and the same rows: nothing is published anew"
    assert sum(found["seconds"].values()) < 90


def test_a_failing_raw_check_keeps_the_batch_out(circle: Circle) -> None:
    before = circle.ask("select count(*) from marts.orders")
    folder = circle.settings.home / "world" / "landing" / "store" / "orders"
    header = "order_id,updated_at,ordered_at,sales_channel,status,total_amount,currency_code"
    rows = [
        f"bad{n},2026-10-01T10:00:00Z,2026-10-01T10:00:00Z,web,completed,{'' if n % 2 else '9.00'},EUR"
        for n in range(40)
    ]
    (folder / "bad.csv").write_text("\n".join([header, *rows]) + "\n")
    found = circle.again()
    assert [load["entity"] for load in found["kept_out"]] == ["orders"]
    assert "quarter of the rows" in found["kept_out"][0]["state_reason"]
    assert circle.ask("select count(*) from marts.orders") == before
    assert circle.ask("select count(*) from raw.store__orders where order_id like 'bad%'") == [(20,)]


def test_a_failing_marts_check_keeps_the_publication_back(circle: Circle) -> None:
    number = circle.ask("select max(publication_id) from ops.publications")
    own = circle.settings.project_dir / "expectations" / "marts"
    own.mkdir(parents=True, exist_ok=True)
    suite = {
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
    (own / "impossible.yml").write_text(yaml.safe_dump(suite))
    try:
        done = circle.demo()
    finally:
        (own / "impossible.yml").unlink()
    assert done.returncode != 0
    assert "There is at most one customer" in done.stdout
    assert circle.ask("select max(publication_id) from ops.publications") == number
    ((state, error),) = circle.ask("select state, error from ops.builds order by build_id desc limit 1")
    assert state == "failed"
    assert "at most one customer" in error
    circle.again()
    assert circle.ask(f"select max(publication_id) > {number[0][0]} from ops.publications") == [(True,)]


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
