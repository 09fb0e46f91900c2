"""Runs suites by Great Expectations over small tables of statistics, on one connection, and keeps no value.

A batch is a temporary table with one row per delivery, per source, or per whatever a suite counts, made in
SQL by one pass over the data. Great Expectations then judges thresholds on a few rows, in the database. All
batches of a run are one GX checkpoint.

What GX remembers of a failure (up to 200 values, exception texts with the statement and its data) is used for
naming the rows at fault and then struck out, before Data Docs are written. GX is given our connection and
never sees the database's address or password.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cercle import db
from cercle.errors import CercleError
from cercle.quality.results import Outcome
from cercle.quality.suites import Suite

__all__ = ["LARGEST_BATCH", "Batch", "Rows", "Verdict", "as_text", "describe", "make_batch", "run", "warm_up"]

Rows = Mapping[str, Mapping[str, Any]]

# GX keeps 200 values at most, and with them the names of the rows at fault: a batch stays below that.
LARGEST_BATCH = 150

_INDEX_TAG = "cercle_position"
_SAFE_RESULT_KEYS = frozenset({"element_count", "unexpected_count", "unexpected_percent", "missing_count"})
# Errors whose message names relations, columns and functions only, never a value of a row.
_ERRORS_ABOUT_NAMES = frozenset(
    {"UndefinedColumn", "UndefinedTable", "UndefinedFunction", "InsufficientPrivilege"}
)
_DRIVER_ERROR = re.compile(r"\(psycopg\.errors\.(\w+)\) ([^\n]*)")
_MISSING_COLUMN = re.compile(r'The column "(\w+)" in BatchData does not exist')


@dataclass(frozen=True)
class Batch:
    """A table of statistics and the suite that judges it.

    Attributes:
        suite: the suite.
        table: name of the temporary table on the runner's connection; its column `_key` names a row.
        rows: its rows by `_key`.
        problem: why the table could not be made; every check on it is then broken.
    """

    suite: Suite
    table: str
    rows: Rows = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What one expectation says of one batch.

    Attributes:
        batch: the batch.
        expectation: the expectation as the suite has it.
        outcome: passed, failed or broken, over the whole batch.
        failed_keys: the rows at fault; None when the expectation fails for the batch as a whole.
        observed: a number that GX observed of the batch, None when the expectation speaks of rows.
        problem: why the check could not run.
    """

    batch: Batch
    expectation: Mapping[str, Any]
    outcome: Outcome
    failed_keys: frozenset[str] | None = frozenset()
    observed: str | None = None
    problem: str | None = None

    def outcome_of(self, key: str) -> Outcome:
        """Return the outcome for one row of the batch."""
        if self.outcome != "failed" or self.failed_keys is None or key in self.failed_keys:
            return self.outcome
        return "passed"


def make_batch(
    connection: psycopg.Connection, suite: Suite, query: sql.Composable, name: str | None = None
) -> Batch:
    """Make the temporary table of a batch.

    Args:
        connection: in autocommit; the table lives as long as it.
        suite: the suite that shall judge it.
        query: its rows, with a column `_key`.
        name: of the table, by default after the suite.

    Returns:
        The batch; when the query does not run, one that says so.

    Raises:
        psycopg.Error: it may run when the database is back, or has room: no word about the data.
    """
    table = name or f"batch_{suite.border}__{suite.topic}"
    target = sql.Identifier("pg_temp", table)
    try:
        connection.execute(sql.SQL("drop table if exists {}").format(target))
        connection.execute(sql.SQL("create temporary table {} as {}").format(sql.Identifier(table), query))
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(sql.SQL("select * from {}").format(target)).fetchall()
    except psycopg.Error as error:
        if db.is_passing(error):
            raise
        return Batch(suite, table, {}, _safe_database_error(type(error).__name__, error.diag.message_primary))
    return Batch(suite, table, {row["_key"]: row for row in rows})


def run(
    connection: psycopg.Connection, batches: Sequence[Batch], docs_dir: Path | None = None
) -> list[Verdict]:
    """Judge all batches in one GX run.

    Args:
        connection: the one that holds the batches' tables.
        batches: what to judge.
        docs_dir: folder for Data Docs of this run; those of an earlier one there are replaced.

    Returns:
        One verdict per batch and expectation, in the order of the suites.

    Raises:
        CercleError: Great Expectations is not installed, or refuses a suite.
    """
    verdicts = [
        Verdict(batch, expectation, "broken", problem=batch.problem)
        for batch in batches
        if batch.problem
        for expectation in batch.suite.expectations
    ]
    sound = [batch for batch in batches if not batch.problem and batch.suite.expectations]
    if not sound:
        return verdicts
    gx = _import_gx()
    with _quiet():
        context = _make_context(gx, connection)
        source = context.data_sources.get("warehouse")
        definitions = [_define(gx, context, source, batch, number) for number, batch in enumerate(sound)]
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name="border",
                validation_definitions=definitions,
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ["_key"],
                    "return_unexpected_index_query": False,
                },
            )
        )
        found = checkpoint.run()
        for identifier, validation in found.run_results.items():
            batch = sound[int(str(validation.suite_name).rpartition(" ")[2]) - 1]
            verdicts.extend(_read(batch, result) for result in _in_order(validation.results))
            context.validation_results_store.update(identifier, _struck(validation))
        if docs_dir is not None:
            _write_docs(context, docs_dir)
    return verdicts


def describe(expectation: Mapping[str, Any]) -> str:
    """Return type and arguments of an expectation in one line; a query only by its length.

    >>> describe({"type": "expect_column_values_to_be_between", "kwargs": {"column": "a", "max_value": 1}})
    'expect_column_values_to_be_between(column=a, max_value=1)'
    """
    arguments = (
        f"{name}=…" if name == "unexpected_rows_query" else f"{name}={value}"
        for name, value in expectation["kwargs"].items()
    )
    return f"{expectation['type']}({', '.join(arguments)})"


def as_text(value: object) -> str | None:
    """Return a statistic as text: numbers short, moments to the day, no other text at all."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return f"{float(value):.6g}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return None


def warm_up() -> None:
    """Import Great Expectations in another thread, for who knows that a check comes while something else works."""
    import threading

    threading.Thread(target=_import_quietly, name="import great_expectations", daemon=True).start()


def _import_quietly() -> None:
    with suppress(CercleError):
        _import_gx()


# --- Great Expectations -----------------------------------------------------------------------------------


def _import_gx() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    try:
        import great_expectations
    except ImportError as error:
        raise CercleError(
            "Great Expectations is not installed", remedy="Install it: pip install 'cercle[quality]'"
        ) from error
    return great_expectations


def _make_context(gx: Any, connection: psycopg.Connection) -> Any:
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy.pool import StaticPool

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.data_sources.add_postgres(
        "warehouse",
        # Never dialled: every engine that GX makes gets our connection.
        connection_string="postgresql+psycopg://cercle@localhost/cercle",
        create_temp_table=False,
        kwargs={"poolclass": StaticPool, "creator": lambda: connection},
    )
    return context


def _define(gx: Any, context: Any, source: Any, batch: Batch, position: int) -> Any:
    """Register the batch and its suite; the suite's name ends in the batch's number."""
    name = f"{batch.suite.name} {position + 1}"
    expectations = [
        {**expectation, "meta": {**expectation["meta"], _INDEX_TAG: index}}
        for index, expectation in enumerate(batch.suite.expectations)
    ]
    notes = str((batch.suite.document.get("meta") or {}).get("grain", ""))
    try:
        suite = gx.ExpectationSuite(name=name, expectations=expectations, meta={"notes": notes})
        context.suites.add(suite)
    except Exception as error:
        raise CercleError(
            f"Great Expectations refuses the suite: {_beginning(error)}",
            where=str(batch.suite.path),
            remedy="Compare types and kwargs with the gallery at greatexpectations.io/expectations",
        ) from error
    if len(suite.expectations) != len(expectations):
        # GX leaves an expectation that it does not know out of the suite, and says so only in its log.
        known = {expectation.expectation_type for expectation in suite.expectations}
        unknown = sorted({str(found["type"]) for found in batch.suite.expectations} - known)
        raise CercleError(
            f"Great Expectations does not know {', '.join(unknown) or 'an expectation'}",
            where=str(batch.suite.path),
            remedy="Compare its type with the gallery at greatexpectations.io/expectations",
        )
    definition = source.add_table_asset(name, table_name=batch.table).add_batch_definition_whole_table("all")
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=definition, suite=suite)
    )


def _write_docs(context: Any, folder: Path) -> None:
    """Write Data Docs of the struck results; the folder is ours alone."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    context.add_data_docs_site(
        "docs",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=["docs"])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep GX's log lines away: they quote statements and exceptions, and with them values."""
    logger = logging.getLogger("great_expectations")
    before, propagates = logger.level, logger.propagate
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.propagate = propagates


# --- reading and striking results -------------------------------------------------------------------------


def _in_order(results: Iterable[Any]) -> list[Any]:
    return sorted(results, key=_index)


def _index(result: Any) -> int:
    return int(result.expectation_config.meta[_INDEX_TAG])


def _read(batch: Batch, result: Any) -> Verdict:
    expectation = batch.suite.expectations[_index(result)]
    problem = _problem(result.exception_info)
    if problem is not None:
        return Verdict(batch, expectation, "broken", problem=problem)
    found = result.result or {}
    observed = found.get("observed_value")
    number = f"{observed}" if isinstance(observed, int | float | Decimal) else None
    if result.success:
        return Verdict(batch, expectation, "passed", observed=number)
    return Verdict(batch, expectation, "failed", failed_keys=_failed_keys(batch, found), observed=number)


def _failed_keys(batch: Batch, found: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the rows at fault, None when the result does not name them."""
    named = found.get("unexpected_index_list") or (found.get("details") or {}).get("unexpected_rows") or []
    keys = {str(row.get("_key", row.get(_readable_key(batch)))) for row in named if isinstance(row, Mapping)}
    keys &= set(batch.rows)
    return frozenset(keys) or None


def _readable_key(batch: Batch) -> str:
    """Return the readable name of a batch's key: `load_id`, or what the marts suite says."""
    return "load_id" if batch.suite.border == "raw" else batch.suite.key


def _problem(exception_info: Mapping[str, Any] | None) -> str | None:
    """Return why a check could not run, without a value of a row; None when it ran."""
    if not exception_info:
        return None
    entries = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    raised = [entry for entry in entries if isinstance(entry, Mapping) and entry.get("raised_exception")]
    if not raised:
        return None
    message = str(raised[0].get("exception_message") or "")
    driver = _DRIVER_ERROR.search(message)
    if driver:
        return _safe_database_error(*driver.groups())
    missing = _MISSING_COLUMN.search(message)
    if missing:
        return f"there is no statistic {missing[1]}"
    return "Great Expectations raised an exception"


def _safe_database_error(kind: str, message: str | None) -> str:
    if kind in _ERRORS_ABOUT_NAMES and message:
        return f"{kind}, {message}"
    return f"PostgreSQL answered {kind}"


def _struck(validation: Any) -> Any:
    """Strike every value out of a validation's results, in place."""
    for result in validation.results:
        result.result = {
            name: value for name, value in (result.result or {}).items() if name in _SAFE_RESULT_KEYS
        }
        problem = _problem(result.exception_info)
        result.exception_info = {
            "raised_exception": problem is not None,
            "exception_message": problem,
            "exception_traceback": None,
        }
    return validation


def _beginning(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ", ".join(lines[:3]) or type(error).__name__
