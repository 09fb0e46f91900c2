"""The second border: judges what was built, and holds the publication back when a critical rule fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle import db
from cercle.errors import EXIT_DIFFERENCE, CercleError
from cercle.quality import history, placeholders, runner, suites
from cercle.quality import results as result_rows
from cercle.quality.results import Result
from cercle.settings import Settings

__all__ = ["MartsCheck", "check_marts"]

_WORST_SHOWN = 5


@dataclass(frozen=True)
class MartsCheck:
    """The marts border of one build.

    Attributes:
        results: every result, in ops.quality_results too.
        seconds: how long it took.
    """

    results: tuple[Result, ...]
    seconds: float


def check_marts(settings: Settings, build_id: int | None, schema: str = "marts_build") -> MartsCheck:
    """Judge the marts of a build, in one Great Expectations run.

    Args:
        settings: database, suites of the project, and the home for Data Docs.
        build_id: the build that the results belong to; None for a look at what is published.
        schema: where the marts are: marts_build before publication, marts after.

    Returns:
        All results, warnings that failed included.

    Raises:
        CercleError: a critical rule does not hold, or its check could not run: nothing may be published. The
            results are in ops.quality_results then too.
    """
    begin = time.monotonic()
    with db.connect(settings, autocommit=True, application_name="cercle check marts") as connection:
        batches = [
            runner.make_batch(connection, suite, _query(suite, settings, connection, schema))
            for suite in suites.read_suites(settings, "marts").values()
        ]
        verdicts = runner.run(connection, batches, docs_dir=settings.home / "data_docs" / "marts")
        results = tuple(_result(verdict, schema, build_id) for verdict in verdicts)
        with connection.transaction():
            result_rows.store(connection, results)
        _hold_back(results)
        if build_id is not None:
            with connection.transaction():
                for batch in batches:
                    history.remember(connection, batch.suite, batch.rows.values())
    return MartsCheck(results, time.monotonic() - begin)


def _query(
    suite: suites.Suite, settings: Settings, connection: psycopg.Connection, schema: str
) -> sql.Composed:
    """Return the suite's query with its key.

    The text comes from a suite file of the package or of the project, which may run any SQL, as dbt models may.
    """
    text = placeholders.fill(suite.query, settings, connection, schema, str(suite.path)).rstrip().rstrip(";")
    query = sql.SQL(
        "select statistics.{key}::text as _key, statistics.* from (\n{query}\n) as statistics"
    ).format(key=sql.Identifier(suite.key), query=sql.SQL(text))
    day = sql.SQL("(ops.as_of() at time zone 'UTC')::date")
    return history.with_usual(connection, suite, query, sql.SQL("statistics._key"), day)


def _result(verdict: runner.Verdict, schema: str, build_id: int | None) -> Result:
    column = verdict.expectation["kwargs"].get("column")
    failed = sorted(key for key in verdict.batch.rows if verdict.outcome_of(key) == "failed")
    return Result(
        border="marts",
        suite=verdict.batch.suite.name,
        rule=verdict.expectation["meta"]["rule"],
        expectation=runner.describe(verdict.expectation),
        relation=schema,
        column=column,
        outcome=verdict.outcome,
        severity=verdict.expectation["severity"],
        observed=_observed(verdict, column, failed),
        unexpected_count=None if verdict.outcome == "broken" else len(failed),
        build_id=build_id,
        problem=verdict.problem,
    )


def _observed(verdict: runner.Verdict, column: str | None, failed: list[str]) -> str | None:
    """Return the statistic by key: of the rows at fault, or of all where the rule holds and they are few."""
    rows = verdict.batch.rows
    if column is None or not any(column in row for row in rows.values()):
        return verdict.observed
    shown = list(_pairs(rows, column, failed or sorted(rows)))
    more = f" and {len(shown) - _WORST_SHOWN} more" if len(shown) > _WORST_SHOWN else ""
    return ", ".join(shown[:_WORST_SHOWN]) + more or None


def _pairs(rows: runner.Rows, column: str, keys: list[str]) -> Iterator[str]:
    for key in keys:
        yield f"{key} {runner.as_text(rows[key][column])}"


def _hold_back(results: tuple[Result, ...]) -> None:
    failed = [result for result in results if result.is_critical_failure]
    broken = [result for result in results if result.is_critical_broken]
    if failed:
        raise CercleError(
            f"{len(failed)} critical rule(s) of the marts do not hold, and nothing was published. "
            + " ".join(f"[{result.suite}] {result.message}" for result in failed),
            remedy="Look at ops.quality_results, mend the data or the rule, and run again",
            exit_code=EXIT_DIFFERENCE,
        )
    if broken:
        raise CercleError(
            f"{len(broken)} critical check(s) of the marts could not run, which says nothing about the data; "
            "nothing was published. " + " ".join(f"[{result.suite}] {result.message}" for result in broken),
            remedy="Mend the suite, or what it reads, and run again",
        )
