"""The first border, with real loads: good ones are let in, bad ones kept out, undecided ones judged again."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cercle import db, quality
from cercle.errors import CercleError
from cercle.load import load_landing
from cercle.settings import Settings

SECRET = "jeanne.secrete@exemple.fr"


@pytest.fixture
def warehouse(database: Settings) -> Iterator[psycopg.Connection]:
    with db.connect(database, autocommit=True) as connection:
        yield connection


def order(number: int, **values: object) -> dict[str, object]:
    return {
        "order_id": f"o{number}",
        "updated_at": "2026-01-02T10:00:00Z",
        "ordered_at": "2026-01-01T10:00:00Z",
        "email": SECRET,
        "sales_channel": "web",
        "status": "completed",
        "total_amount": "10.00",
        "currency_code": "EUR",
        **values,
    }


def land(settings: Settings, rows: list[dict[str, object]], name: str = "1", entity: str = "orders") -> Path:
    path = settings.landing_dir / "store" / entity / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def states(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select file_name, state from ops.loads order by load_id").fetchall())


def admitted(connection: psycopg.Connection) -> set[int]:
    return {load for (load,) in connection.execute("select load_id from ops.admitted_loads")}


def outcomes(connection: psycopg.Connection, load_id: int, outcome: str) -> set[str]:
    rows = connection.execute(
        "select suite || ' ' || coalesce(column_name, '') from ops.quality_results where load_id = %s and outcome = %s",
        (load_id, outcome),
    )
    return {text for (text,) in rows}


def test_a_good_delivery_is_let_in_and_a_bad_one_kept_out(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    land(database, [order(n) for n in range(30)], "good")
    # Two thirds of the rows have no amount: the loader rejects them, and so many rejected rows mean a changed format.
    land(database, [order(100 + n, total_amount="5" if n % 3 == 0 else "") for n in range(30)], "bad")
    load_landing(database)
    assert admitted(warehouse) == set(), "nothing is let in before it is judged"

    found = quality.check_raw(database)

    assert states(warehouse) == {
        "store/orders/good.csv": "checked",
        "store/orders/bad.csv": "quarantined",
    } or states(warehouse) == {"store/orders/bad.csv": "quarantined", "store/orders/good.csv": "checked"}
    good, bad = found.by_state("checked")[0], found.by_state("quarantined")[0]
    assert admitted(warehouse) == {good.load_id}
    assert "half of the rows" in " ".join(bad.reasons)
    assert "0.666667" in " ".join(bad.reasons)
    assert "raw.every_load rejected_share" in outcomes(warehouse, bad.load_id, "failed")
    assert outcomes(warehouse, good.load_id, "failed") == set()
    assert "raw.store__orders future_share__ordered_at" in outcomes(warehouse, good.load_id, "passed")
    reason = warehouse.execute(
        "select state_reason from ops.loads where load_id = %s", (bad.load_id,)
    ).fetchone()
    assert reason is not None
    assert "half of the rows" in reason[0]


def test_a_released_delivery_is_let_in_and_a_withdrawn_one_goes(
    database: Settings, warehouse: psycopg.Connection, cli: Callable[..., Any]
) -> None:
    land(database, [order(n, total_amount="5" if n % 3 == 0 else "") for n in range(40)])
    load_landing(database)
    answer = cli("check", "raw", settings=database)
    assert answer.exit_code == 1
    assert "quarantined" in answer.out
    load = cli("check", "raw", "--json", settings=database)
    assert load.json["checked"] == 0, "a delivery is judged once"
    (load_id,) = (row[0] for row in warehouse.execute("select load_id from ops.loads"))
    assert (
        cli("check", "release", str(load_id), "--reason", "We know of it.", settings=database).exit_code == 0
    )
    assert admitted(warehouse) == {load_id}
    assert (
        cli("check", "withdraw", str(load_id), "--reason", "Sent in error.", settings=database).exit_code == 0
    )
    assert admitted(warehouse) == set()
    again = cli("check", "release", str(load_id), "--reason", "No.", settings=database)
    assert again.exit_code != 0
    assert "withdrawn" in again.err


def test_warnings_are_kept_and_keep_nothing_out(database: Settings, warehouse: psycopg.Connection) -> None:
    rows = [order(n, status="cancelled", a_new_column="1") for n in range(30)]
    land(database, rows)
    load_landing(database)
    (load,) = quality.check_raw(database).loads
    assert load.state == "checked"
    failed = outcomes(warehouse, load.load_id, "failed")
    assert failed == {"raw.every_load extra_column_count", "raw.store__orders share__status__cancelled"}


def test_dates_in_the_future_keep_a_delivery_out(database: Settings) -> None:
    land(database, [order(n, ordered_at="2032-01-01T00:00:00Z") for n in range(30)])
    load_landing(database)
    (load,) = quality.check_raw(database).loads
    assert load.state == "quarantined"
    assert "future" in " ".join(load.reasons)


def test_a_check_that_cannot_run_decides_nothing(database: Settings, warehouse: psycopg.Connection) -> None:
    """The delivery is not let in, is not called bad, and is judged again once the suite is mended."""
    own = database.project_dir / "expectations" / "raw"
    own.mkdir(parents=True)
    suite = {
        "name": "raw.store__orders",
        "meta": {"grain": "One row per delivery."},
        "expectations": [
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "null_share__misspelt", "max_value": 0},
                "severity": "critical",
                "meta": {"rule": "Every order has it."},
            }
        ],
    }
    (own / "store__orders.yml").write_text(yaml.safe_dump(suite))
    land(database, [order(n) for n in range(30)])
    land(database, [visit(n) for n in range(30)], entity="visits")
    load_landing(database)
    found = quality.check_raw(database)
    undecided = found.by_state("loaded")
    assert [load.entity for load in undecided] == ["orders"]
    assert "could not run: there is no statistic null_share__misspelt" in undecided[0].reasons[0]
    assert [load.entity for load in found.by_state("checked")] == ["visits"], "others are let in"
    assert undecided[0].load_id not in admitted(warehouse)
    assert outcomes(warehouse, undecided[0].load_id, "broken") == {"raw.store__orders null_share__misspelt"}

    suite["expectations"][0]["kwargs"]["column"] = "null_share__order_id"  # type: ignore[index]
    (own / "store__orders.yml").write_text(yaml.safe_dump(suite))
    (load,) = quality.check_raw(database).loads
    assert load.state == "checked"


def visit(number: int) -> dict[str, object]:
    return {"visit_id": f"v{number}", "occurred_at": "2026-01-01T10:00:00Z", "kind": "desk", "store_id": "s1"}


def test_an_unreadable_suite_stops_the_check_and_changes_nothing(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    own = database.project_dir / "expectations" / "raw"
    own.mkdir(parents=True)
    (own / "store__orders.yml").write_text("name: raw.store__orders\nexpectations: nothing\n")
    land(database, [order(n) for n in range(3)])
    load_landing(database)
    with pytest.raises(CercleError, match=r"store__orders\.yml"):
        quality.check_raw(database)
    assert set(states(warehouse).values()) == {"loaded"}


def test_volume_is_compared_with_earlier_deliveries(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    for day in range(6):
        land(database, [order(1000 * day + n) for n in range(100)], f"day{day}")
    load_landing(database)
    quality.check_raw(database)
    land(database, [order(9000)], "thin")
    load_landing(database)
    (load,) = quality.check_raw(database).loads
    assert load.state == "checked", "a thin delivery is a warning"
    assert outcomes(warehouse, load.load_id, "failed") == {"raw.every_load volume_ratio"}


def test_eighty_deliveries_are_judged_in_ten_seconds_and_each_by_name(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    for day in range(160):  # more than one batch of Great Expectations holds
        land(
            database,
            [order(100 * day + n, total_amount="" if day % 40 == 7 else "1") for n in range(20)],
            f"d{day}",
        )
    load_landing(database)
    found = quality.check_raw(database)
    assert found.seconds < 15
    kept_out = {
        row[0] for row in warehouse.execute("select file_name from ops.loads where state = 'quarantined'")
    }
    assert kept_out == {f"store/orders/d{day}.csv" for day in (7, 47, 87, 127)}
    assert len(found.by_state("checked")) == 156


def test_no_personal_value_is_kept(database: Settings, warehouse: psycopg.Connection) -> None:
    """A suite that reads rows, against all advice, leaves no trace of them either."""
    own = database.project_dir / "expectations" / "raw"
    own.mkdir(parents=True)
    query = (
        "select orders._load_id as load_id, orders.email from raw.store__orders as orders "
        "where orders._load_id in (select load_id from {batch})"
    )
    suite = {
        "name": "raw.store__orders",
        "meta": {"grain": "One row per delivery."},
        "expectations": [
            {
                "type": "unexpected_rows_expectation",
                "kwargs": {"unexpected_rows_query": query},
                "severity": "warning",
                "meta": {"rule": "No order names an e-mail address."},
            },
            {
                "type": "expect_column_values_to_be_in_set",
                "kwargs": {"column": "max__email", "value_set": ["nobody"]},
                "severity": "warning",
                "meta": {"rule": "Nobody has an e-mail address."},
            },
        ],
    }
    (own / "store__orders.yml").write_text(yaml.safe_dump(suite))
    land(database, [order(n) for n in range(5)])
    load_landing(database)
    (load,) = quality.check_raw(database).loads
    assert len(outcomes(warehouse, load.load_id, "failed")) == 2
    kept = warehouse.execute(
        "select string_agg(quality_results::text, ' ') from ops.quality_results"
    ).fetchone()
    assert kept is not None
    assert SECRET not in kept[0]
    pages = [path for path in (database.home / "data_docs").rglob("*") if path.is_file()]
    assert [path for path in pages if "store__orders" in str(path) and path.suffix == ".html"]
    assert not [path for path in pages if SECRET.encode() in path.read_bytes()]
