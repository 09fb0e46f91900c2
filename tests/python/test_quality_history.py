"""Rules against a statistic's own history: the median of the same day of the week, of what was let in alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import yaml

from cercle import db, quality
from cercle.errors import CercleError
from cercle.load import load_landing
from cercle.quality import history, suites
from cercle.settings import Settings
from test_quality_marts import build, write


@pytest.fixture
def warehouse(database: Settings) -> Iterator[psycopg.Connection]:
    with db.connect(database, autocommit=True) as connection:
        yield connection


def deliver(settings: Settings, name: str, row_count: int, without_email: int = 0) -> None:
    """A delivery of customers, judged."""
    path = settings.landing_dir / "store" / "customers" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{name}-{n},2026-01-01T10:00:00Z,loyalty,Anne,Petit,"
        + ("" if n < without_email else f"a{n}.{name}@exemple.fr")
        for n in range(row_count)
    ]
    path.write_text("\n".join(["customer_ref,updated_at,kind,first_name,last_name,email", *rows]) + "\n")
    load_landing(settings)
    quality.check_raw(settings)


def days_pass(connection: psycopg.Connection, days: int) -> None:
    """Everything that is remembered happened so many days earlier."""
    connection.execute("update ops.quality_statistics set day = day - 10000")
    connection.execute("update ops.quality_statistics set day = day + 10000 - %s", (days,))


def failed_of_last(connection: psycopg.Connection) -> list[tuple[str, str | None]]:
    """Column and observation of the rules that the last delivery did not hold."""
    return connection.execute(
        """
        select column_name, observed
        from ops.quality_results
        where load_id = (select max(load_id) from ops.loads) and outcome <> 'passed' and column_name like 'weekday_%'
        order by column_name
        """
    ).fetchall()


def test_a_delivery_is_compared_with_its_day_of_the_week(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    for week, row_count in enumerate((90, 100, 110)):
        deliver(database, f"week{week}", row_count)
        days_pass(warehouse, 7)
    deliver(database, "early", 20)
    assert failed_of_last(warehouse) == [], "three such days are no history"
    warehouse.execute("delete from ops.quality_statistics where day = current_date")
    deliver(database, "week3", 100, without_email=10)
    days_pass(warehouse, 7)
    assert warehouse.execute("select count(*) from ops.quality_statistics").fetchone() == (12,)

    deliver(database, "few", 30)
    assert failed_of_last(warehouse) == [("weekday_ratio__read_count", "0.3")]
    assert warehouse.execute("select state from ops.loads order by load_id desc limit 1").fetchone() == (
        "checked",
    ), "a warning keeps nothing out"
    deliver(database, "anonymous", 100, without_email=50)
    assert failed_of_last(warehouse) == [("weekday_change__null_share__email", "0.5")]
    deliver(database, "usual", 95)
    assert failed_of_last(warehouse) == []


def test_other_days_and_other_sources_are_no_measure(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    for week in range(5):
        deliver(database, f"week{week}", 100)
        days_pass(warehouse, 7)
    days_pass(warehouse, 1)
    deliver(database, "other-day", 30)
    assert failed_of_last(warehouse) == [], "yesterday's weekday says nothing of today's"
    days_pass(warehouse, 6)
    warehouse.execute("update ops.quality_statistics set subject = 'shop/customers'")
    deliver(database, "other-source", 30)
    assert failed_of_last(warehouse) == []


def test_what_was_kept_out_is_not_usual(database: Settings, warehouse: psycopg.Connection) -> None:
    path = database.landing_dir / "store" / "customers" / "bad.csv"
    path.parent.mkdir(parents=True)
    path.write_text(
        "customer_ref,updated_at,kind\n" + "\n".join(f"{n},never,loyalty" for n in range(40)) + "\n"
    )
    load_landing(database)
    (load,) = quality.check_raw(database).loads
    assert load.state == "quarantined"
    assert warehouse.execute("select * from ops.quality_statistics").fetchall() == []


def test_marts_are_compared_too_and_held_back_ones_are_not_kept(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    own = database.project_dir / "expectations" / "marts"
    own.mkdir(parents=True)
    for topic in suites.read_suites(database, "marts"):
        write(database, topic, "select 1 as it", "it")
    warehouse.execute("create table marts_build.letters (letter text, weight integer)")
    rules = [rule("weekday_ratio__weight", 1.5, "warning"), rule("weight", 100, "critical")]
    write(database, "weights", "select letter, weight from {marts}.letters", "letter", *rules)
    for weight in (10, 10, 12, 12, 200, 30):
        warehouse.execute("truncate marts_build.letters")
        warehouse.execute("insert into marts_build.letters values ('a', %s)", (weight,))
        build_id = build(warehouse)
        if weight > 100:
            with pytest.raises(CercleError, match="nothing was published"):
                quality.check_marts(database, build_id)
        else:
            found = quality.check_marts(database, build_id).results
        warehouse.execute("update ops.builds set state = 'failed'")
        days_pass(warehouse, 7)
    assert [(result.column, result.outcome, result.observed) for result in found] == [
        ("weekday_ratio__weight", "failed", "a 2.72727"),
        ("weight", "passed", "a 30"),
    ]
    kept = warehouse.execute("select value from ops.quality_statistics order by day").fetchall()
    assert [value for (value,) in kept] == [10, 10, 12, 12, 30]


def test_a_rule_on_an_unknown_statistic_is_broken_and_no_other(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    own = database.project_dir / "expectations" / "raw"
    own.mkdir(parents=True)
    document = {
        "name": "raw.every_load",
        "meta": {"grain": "One row per delivery."},
        "expectations": [
            rule("weekday_ratio__no_such", 1, "warning"),
            rule("weekday_ratio__read_count", 1, "warning"),
        ],
    }
    (own / "every_load.yml").write_text(yaml.safe_dump(document))
    deliver(database, "one", 5)
    found = warehouse.execute(
        "select column_name, outcome from ops.quality_results where suite = 'raw.every_load' order by column_name"
    ).fetchall()
    assert found == [("weekday_ratio__no_such", "broken"), ("weekday_ratio__read_count", "passed")]


def test_names_of_comparisons() -> None:
    assert history.compared_statistics(
        ["weekday_change__null_share__email", "read_count", "weekday_ratio__"]
    ) == {"weekday_change__null_share__email": ("weekday_change", "null_share__email")}


def rule(column: str, bound: float, severity: str) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "max_value": bound},
        "severity": severity,
        "meta": {"rule": f"At most {bound}."},
    }
