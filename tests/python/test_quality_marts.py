"""The second border: a critical rule that fails, or cannot be judged, holds the publication back; warnings do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import yaml

from cercle import db, quality
from cercle.errors import EXIT_DIFFERENCE, CercleError
from cercle.quality import suites
from cercle.settings import Settings

SECRET = "jeanne.secrete@exemple.fr"


@pytest.fixture
def warehouse(database: Settings) -> Iterator[psycopg.Connection]:
    """A database with one small mart, and a project that has silenced the shipped suites."""
    own = database.project_dir / "expectations" / "marts"
    own.mkdir(parents=True)
    for topic in suites.read_suites(database, "marts"):
        write(database, topic, "select 1 as it", "it")
    with db.connect(database, autocommit=True) as connection:
        connection.execute("create table marts_build.letters (letter text, weight integer, words text)")
        connection.execute(
            "insert into marts_build.letters values ('a', 1, %s), ('b', 2, %s), ('b', 3, null)",
            (SECRET, SECRET),
        )
        yield connection


def write(settings: Settings, topic: str, query: str, key: str, *expectations: dict[str, Any]) -> None:
    content = {
        "name": f"marts.{topic}",
        "meta": {"grain": "One row per letter.", "query": query, "key": key},
        "expectations": list(expectations),
    }
    path = settings.project_dir / "expectations" / "marts" / f"{topic}.yml"
    path.write_text(yaml.safe_dump(content))


def at_most(column: str, bound: float, severity: str) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "max_value": bound},
        "severity": severity,
        "meta": {"rule": f"A letter weighs at most {bound}."},
    }


BY_LETTER = "select letter, sum(weight) as weight from {marts}.letters group by letter"


def results(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        """
        select suite, outcome, severity, observed, unexpected_count, build_id
        from ops.quality_results
        order by quality_result_id
        """
    ).fetchall()


def build(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "insert into ops.builds (state, as_of, cercle_version) values ('running', now(), 'x') returning build_id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_critical_rule_holds_the_publication_back(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    write(
        database,
        "weights",
        BY_LETTER,
        "letter",
        at_most("weight", 4, "critical"),
        at_most("weight", 9, "critical"),
    )
    number = build(warehouse)
    with pytest.raises(CercleError, match="nothing was published") as refused:
        quality.check_marts(database, number)
    assert refused.value.exit_code == EXIT_DIFFERENCE
    assert "[marts.weights] A letter weighs at most 4. Observed: b 5." in str(refused.value)
    assert results(warehouse) == [
        ("marts.weights", "failed", "critical", "b 5", 1, number),
        ("marts.weights", "passed", "critical", "a 1, b 5", 0, number),
    ]


def test_a_warning_is_kept_and_holds_nothing_back(database: Settings, warehouse: psycopg.Connection) -> None:
    write(database, "weights", BY_LETTER, "letter", at_most("weight", 0, "warning"))
    found = quality.check_marts(database, build(warehouse))
    assert [result.outcome for result in found.results] == ["failed"]
    assert results(warehouse)[0][:5] == ("marts.weights", "failed", "warning", "a 1, b 5", 2)


def test_a_broken_check_holds_back_too_but_is_not_called_bad_data(
    database: Settings, warehouse: psycopg.Connection
) -> None:
    write(
        database,
        "weights",
        "select letter from {marts}.no_such_mart",
        "letter",
        at_most("weight", 1, "critical"),
    )
    with pytest.raises(CercleError, match="could not run, which says nothing about the data") as refused:
        quality.check_marts(database, build(warehouse))
    assert "no_such_mart" in str(refused.value)
    assert refused.value.exit_code != EXIT_DIFFERENCE
    assert results(warehouse)[0][:3] == ("marts.weights", "broken", "critical")


def test_bad_data_is_told_before_a_broken_check(database: Settings, warehouse: psycopg.Connection) -> None:
    write(database, "broken", "select nothing", "it", at_most("weight", 1, "critical"))
    write(database, "weights", BY_LETTER, "letter", at_most("weight", 4, "critical"))
    with pytest.raises(CercleError, match="do not hold"):
        quality.check_marts(database, build(warehouse))
    assert {row[1] for row in results(warehouse)} == {"broken", "failed"}


def test_no_value_of_a_row_is_kept(database: Settings, warehouse: psycopg.Connection) -> None:
    """Not even where the query of a suite returns them."""
    write(
        database,
        "words",
        "select letter || weight as name, words, weight from {marts}.letters",
        "name",
        {
            "type": "expect_column_values_to_be_null",
            "kwargs": {"column": "words"},
            "severity": "critical",
            "meta": {"rule": "Letters have no words."},
        },
    )
    with pytest.raises(CercleError) as refused:
        quality.check_marts(database, build(warehouse))
    assert SECRET not in str(refused.value)
    assert SECRET not in str(results(warehouse))
    pages = [path for path in (database.home / "data_docs" / "marts").rglob("*") if path.is_file()]
    assert pages
    assert not [path for path in pages if SECRET.encode() in path.read_bytes()]


def test_the_command_looks_at_what_is_published(
    database: Settings, warehouse: psycopg.Connection, cli: Callable[..., Any]
) -> None:
    write(database, "weights", BY_LETTER, "letter", at_most("weight", 4, "critical"))
    warehouse.execute("create table marts.letters as select * from marts_build.letters")
    answer = cli("check", "marts", settings=database)
    assert answer.exit_code == 1
    assert "weighs at most 4" in answer.err
    warehouse.execute("delete from marts.letters where weight = 3")
    assert cli("check", "marts", settings=database).exit_code == 0
    assert cli("check", "marts", "--schema", "marts_build", settings=database).exit_code == 1
