"""Results of checks, and their rows in ops.quality_results. They never hold a personal value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import psycopg

__all__ = ["Outcome", "Result", "store"]

Outcome = Literal["passed", "failed", "broken"]


@dataclass(frozen=True)
class Result:
    """One expectation, applied to one delivery (raw) or to one suite's statistics (marts).

    Attributes:
        border: raw or marts.
        suite: name of the suite.
        rule: the expectation as a sentence of the suite's author.
        expectation: type and arguments of the expectation.
        relation: what was checked.
        column: the statistic that the expectation speaks of, None where it speaks of rows.
        outcome: broken = the check itself could not run, which says nothing about the data.
        severity: critical holds the batch or the publication back.
        observed: the statistic's value, or the worst ones by key.
        unexpected_count: rows of statistics that broke the rule.
        load_id: the delivery, for raw.
        build_id: the build, for marts.
        problem: why the check could not run.
    """

    border: Literal["raw", "marts"]
    suite: str
    rule: str
    expectation: str
    relation: str
    column: str | None
    outcome: Outcome
    severity: str
    observed: str | None = None
    unexpected_count: int | None = None
    load_id: int | None = None
    build_id: int | None = None
    problem: str | None = None

    @property
    def is_critical_failure(self) -> bool:
        """Whether bad data must be held back."""
        return self.outcome == "failed" and self.severity == "critical"

    @property
    def is_critical_broken(self) -> bool:
        """Whether nobody can say if the data is good."""
        return self.outcome == "broken" and self.severity == "critical"

    @property
    def message(self) -> str | None:
        """The result as a sentence; None when the rule held."""
        if self.outcome == "passed":
            return None
        if self.outcome == "broken":
            return f"The check could not run: {self.problem}. Rule: {self.rule}"
        return f"{self.rule} Observed: {self.observed or 'see the suite'}."


def store(connection: psycopg.Connection, results: Iterable[Result]) -> None:
    """Write results to ops.quality_results, in the caller's transaction."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            """
            copy ops.quality_results (
                border, suite, expectation, relation, column_name, load_id, build_id, outcome, severity,
                observed, unexpected_count, message
            ) from stdin
            """
        ) as copy,
    ):
        for result in results:
            copy.write_row(
                (
                    result.border,
                    result.suite,
                    result.expectation,
                    result.relation,
                    result.column,
                    result.load_id,
                    result.build_id,
                    result.outcome,
                    result.severity,
                    result.observed,
                    result.unexpected_count,
                    result.message,
                )
            )
