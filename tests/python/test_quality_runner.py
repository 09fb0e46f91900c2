"""Great Expectations over statistics: rows at fault are named, broken checks told from bad data, no value kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from cercle import db
from cercle.errors import CercleError
from cercle.quality import history, placeholders, runner, statistics, suites
from cercle.quality.results import Result
from cercle.settings import Settings

PLANTED = "jeanne.secrete@exemple.fr"


@pytest.fixture
def warehouse(database: Settings) -> Iterator[psycopg.Connection]:
    with db.connect(database, autocommit=True) as connection:
        yield connection


def write_suite(
    folder: Path, *expectations: dict[str, Any], name: str = "raw.topic", **meta: str
) -> suites.Suite:
    path = folder / f"{name.partition('.')[2]}.yml"
    content = {
        "name": name,
        "meta": {"grain": "One row per delivery.", **meta},
        "expectations": list(expectations),
    }
    path.write_text(yaml.safe_dump(content))
    return suites.read_suite(path, "raw" if name.startswith("raw") else "marts")


def expectation(
    kind: str, severity: str = "warning", rule: str = "It holds.", **kwargs: Any
) -> dict[str, Any]:
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": {"rule": rule}}


BETWEEN = "expect_column_values_to_be_between"
ROWS = sql.SQL(
    f"""
    select g::text as _key, g as load_id, g * 0.1 as rejected_share, g * 10 as read_count, '{PLANTED}' as words
    from generate_series(1, 4) as g
    """
)


def test_the_rows_at_fault_are_named(warehouse: psycopg.Connection, tmp_path: Path) -> None:
    suite = write_suite(
        tmp_path,
        expectation(BETWEEN, column="rejected_share", max_value=0.25),
        expectation(BETWEEN, column="read_count", min_value=1),
        expectation(
            BETWEEN,
            column="rejected_share",
            max_value=0.25,
            row_condition={
                "type": "comparison",
                "column": {"name": "read_count"},
                "operator": ">=",
                "parameter": 40,
            },
        ),
    )
    verdicts = runner.run(warehouse, [runner.make_batch(warehouse, suite, ROWS)])
    assert [verdict.outcome for verdict in verdicts] == ["failed", "passed", "failed"]
    assert [verdict.failed_keys for verdict in verdicts] == [{"3", "4"}, set(), {"4"}]
    assert [verdicts[0].outcome_of(key) for key in ("2", "3")] == ["passed", "failed"]


def test_free_sql_names_its_rows_or_fails_the_whole_batch(
    warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    kind = "unexpected_rows_expectation"
    suite = write_suite(
        tmp_path,
        expectation(kind, unexpected_rows_query="select load_id, words from {batch} where load_id = 2"),
        expectation(kind, unexpected_rows_query="select count(*) as n from {batch} having count(*) > 1"),
        expectation(kind, unexpected_rows_query="select * from {batch} where load_id > 9"),
    )
    verdicts = runner.run(warehouse, [runner.make_batch(warehouse, suite, ROWS)])
    assert [verdict.outcome for verdict in verdicts] == ["failed", "failed", "passed"]
    assert verdicts[0].failed_keys == {"2"}
    assert verdicts[1].failed_keys is None
    assert verdicts[1].outcome_of("1") == "failed"


def test_a_broken_check_is_not_bad_data_and_breaks_no_other(
    warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path,
        expectation(BETWEEN, column="misspelt", max_value=1),
        expectation(
            "unexpected_rows_expectation", unexpected_rows_query="select words::integer from {batch}"
        ),
        expectation("unexpected_rows_expectation", unexpected_rows_query="select * from {batch}, nowhere"),
        expectation(BETWEEN, column="rejected_share", max_value=9),
        expectation(BETWEEN, column="rejected_share", max_value=0),
    )
    missing = write_suite(tmp_path, expectation(BETWEEN, column="a", max_value=1), name="raw.missing")
    verdicts = runner.run(
        warehouse,
        [
            runner.make_batch(warehouse, suite, ROWS),
            runner.make_batch(warehouse, missing, sql.SQL("select 1 as _key from raw.no_such_table")),
        ],
    )
    by_suite = {
        name: [verdict for verdict in verdicts if verdict.batch.suite.topic == name]
        for name in ("topic", "missing")
    }
    assert [verdict.outcome for verdict in by_suite["topic"]] == [
        "broken",
        "broken",
        "broken",
        "passed",
        "failed",
    ]
    problems = [verdict.problem for verdict in by_suite["topic"][:3]]
    assert problems[0] == "there is no statistic misspelt"
    assert problems[1] == "PostgreSQL answered InvalidTextRepresentation"
    assert problems[2] == 'UndefinedTable, relation "nowhere" does not exist'
    assert [verdict.outcome for verdict in by_suite["missing"]] == ["broken"]
    assert "no_such_table" in str(by_suite["missing"][0].problem)


def test_no_value_reaches_docs_logs_or_results(
    warehouse: psycopg.Connection,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    suite = write_suite(
        tmp_path,
        expectation("expect_column_values_to_be_in_set", column="words", value_set=["nobody"]),
        expectation("expect_column_values_to_match_regex", column="words", regex="^z"),
        expectation("unexpected_rows_expectation", unexpected_rows_query="select * from {batch}"),
        expectation(
            "unexpected_rows_expectation", unexpected_rows_query="select words::integer from {batch}"
        ),
        expectation("expect_column_distinct_values_to_be_in_set", column="words", value_set=["nobody"]),
        expectation("expect_column_most_common_value_to_be_in_set", column="words", value_set=["nobody"]),
    )
    docs = tmp_path / "docs"
    verdicts = runner.run(warehouse, [runner.make_batch(warehouse, suite, ROWS)], docs_dir=docs)
    assert [verdict.outcome for verdict in verdicts].count("failed") == 5
    pages = [path for path in docs.rglob("*") if path.is_file()]
    assert any("topic" in str(path) for path in pages)
    assert not [path for path in pages if PLANTED.encode() in path.read_bytes()]
    captured = capfd.readouterr()
    assert PLANTED not in captured.out + captured.err + caplog.text
    kept = [(verdict.observed, verdict.problem, verdict.failed_keys) for verdict in verdicts]
    assert PLANTED not in str(kept)
    password = warehouse.info.password
    assert password
    assert not [path for path in pages if password.encode() in path.read_bytes()]


def test_a_run_of_many_batches_is_quick(warehouse: psycopg.Connection, tmp_path: Path) -> None:
    batches = [
        runner.make_batch(
            warehouse,
            write_suite(
                tmp_path,
                *(expectation(BETWEEN, column="read_count", max_value=bound) for bound in range(8)),
                name=f"raw.topic_{number}",
            ),
            ROWS,
        )
        for number in range(20)
    ]
    runner.run(warehouse, batches[:1])  # the import
    import time

    begin = time.monotonic()
    verdicts = runner.run(warehouse, batches, docs_dir=tmp_path / "docs")
    assert len(verdicts) == 160
    assert time.monotonic() - begin < 10


def test_shipped_suites_are_sound_and_speak_of_columns_that_exist() -> None:
    settings = Settings.from_env()
    raw = suites.read_suites(settings, "raw")
    assert suites.EVERY_LOAD in raw
    from cercle.sources import all_contracts

    entities = {
        f"{contract.name}__{entity.name}": entity
        for contract in all_contracts()
        for entity in contract.entities
    }
    house = {"store", "social", "email", "phone", "contact", "marketing", "privacy"}
    expected = {name for name in entities if name.partition("__")[0] in house}
    assert expected <= set(raw), "every house entity has a suite"
    for topic, suite in raw.items():
        columns = {column.name for column in entities[topic].columns} if topic in entities else set()
        for column in history.needed_statistics(suite) - set(statistics.LOAD_STATISTICS):
            parsed = statistics.parse_statistic(column)
            assert parsed is not None, f"{topic}: {column} is no statistic"
            assert parsed[1] in columns, f"{topic}: there is no column {parsed[1]}"
    marts = suites.read_suites(settings, "marts")
    assert {"identity", "identity_by_source", "orphans", "reconciliation_orders", "contactability"} <= set(
        marts
    )
    assert any(found["severity"] == "critical" for found in marts["contactability"].expectations)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": "fatal"}, "warning or critical"),
        ({"meta": {}}, "no meta.rule"),
        ({"kwarg": {}}, "Unknown key 'kwarg'"),
        ({"kwargs": None}, "no kwargs"),
    ],
)
def test_a_wrong_suite_is_refused_with_what_to_do(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    wrong = {**expectation(BETWEEN, column="read_count", max_value=1), **change}
    with pytest.raises(CercleError, match=words) as refused:
        write_suite(tmp_path, wrong)
    assert "topic.yml expectation 1" in str(refused.value)


def test_an_unknown_expectation_is_refused_before_anything_is_judged(
    warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, expectation("expect_the_moon", column="a"))
    with pytest.raises(CercleError, match="does not know expect_the_moon"):
        runner.run(warehouse, [runner.make_batch(warehouse, suite, ROWS)])


def test_a_suite_of_the_project_replaces_the_shipped_one(database: Settings) -> None:
    own = database.project_dir / "expectations" / "raw"
    own.mkdir(parents=True)
    write_suite(own, expectation(BETWEEN, column="read_count", min_value=5), name="raw.store__orders")
    found = suites.read_suites(database, "raw")
    assert found["store__orders"].path.parent == own
    assert len(found["store__orders"].expectations) == 1


def test_placeholders_are_filled_and_other_braces_left(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    text = placeholders.fill(
        "select '{x}' from {marts}.a, {mart_rows} as b", database, warehouse, "marts", "here"
    )
    assert text.startswith("select '{x}' from \"marts\".a, (")
    rows = placeholders.fill("select * from {mart_rows} as counted", database, warehouse, "ops", "here")
    counted = dict(warehouse.execute(rows.encode()).fetchall())
    assert counted["builds"] == 0
    with pytest.raises(CercleError, match="is not"):
        placeholders.fill("{input:orders}", database, warehouse, "marts", "here")


def test_messages_tell_broken_from_failed() -> None:
    common = {
        "border": "raw",
        "suite": "raw.a",
        "rule": "It holds.",
        "expectation": "e",
        "relation": "raw.a",
        "column": "c",
        "severity": "critical",
    }
    failed = Result(**common, outcome="failed", observed="3")  # type: ignore[arg-type]
    broken = Result(**common, outcome="broken", problem="there is no statistic c")  # type: ignore[arg-type]
    assert failed.message == "It holds. Observed: 3."
    assert str(broken.message).startswith("The check could not run: there is no statistic c.")
    assert failed.is_critical_failure
    assert not broken.is_critical_failure
    assert broken.is_critical_broken
