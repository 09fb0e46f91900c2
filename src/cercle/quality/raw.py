"""The first border: judges every new delivery, and lets it in or keeps it out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle import db
from cercle.quality import history, runner, statistics, suites
from cercle.quality import results as result_rows
from cercle.quality.results import Result
from cercle.settings import Settings

__all__ = ["CheckedLoad", "RawCheck", "check_raw", "release", "withdraw"]


@dataclass(frozen=True)
class CheckedLoad:
    """A delivery and what became of it.

    Attributes:
        load_id: the delivery.
        source: source instance.
        entity: entity of the source.
        state: checked; quarantined; or loaded still, where a critical check could not run.
        reasons: sentences of the rules that did not hold, and of the checks that could not run.
    """

    load_id: int
    source: str
    entity: str
    state: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class RawCheck:
    """The raw border of one run.

    Attributes:
        loads: every delivery that was judged.
        results: every result, in ops.quality_results too.
        seconds: how long it took.
    """

    loads: tuple[CheckedLoad, ...]
    results: tuple[Result, ...]
    seconds: float

    def by_state(self, state: str) -> list[CheckedLoad]:
        """Return the deliveries that are now in a state."""
        return [load for load in self.loads if load.state == state]


@dataclass(frozen=True)
class _Load:
    load_id: int
    source: str
    plugin: str
    entity: str

    @property
    def relation(self) -> str:
        return f"{self.plugin}__{self.entity}"


def check_raw(settings: Settings) -> RawCheck:
    """Judge all deliveries in state `loaded`, in one Great Expectations run.

    A delivery that breaks a critical rule is quarantined, and no model reads it until someone releases it.
    One whose critical check could not run stays `loaded`: it is not let in, and the next run judges it again.
    All others are `checked`.

    Args:
        settings: database, suites of the project, and the home for Data Docs.

    Returns:
        Deliveries with their new states, and all results.

    Raises:
        CercleError: a suite cannot be read; no state was changed then.
    """
    from cercle.load import set_load_state

    begin = time.monotonic()
    with db.connect(settings, autocommit=True, application_name="cercle check raw") as connection:
        loads = _new_loads(connection)
        if not loads:
            return RawCheck((), (), time.monotonic() - begin)
        found = suites.read_suites(settings, "raw")
        batches = list(_batches(connection, loads, found))
        verdicts = runner.run(connection, batches, docs_dir=settings.home / "data_docs" / "raw")
        results = [result for verdict in verdicts for result in _results(verdict)]
        checked = [
            _judge(load, [result for result in results if result.load_id == load.load_id]) for load in loads
        ]
        with connection.transaction():
            result_rows.store(connection, results)
            for load in checked:
                if load.state != "loaded":
                    set_load_state(
                        connection, load.load_id, load.state, reason=" ".join(load.reasons) or None
                    )
            _remember(connection, batches, checked)
    return RawCheck(tuple(checked), tuple(results), time.monotonic() - begin)


def release(settings: Settings, load_id: int, reason: str) -> None:
    """Let a quarantined delivery in; the next build takes it.

    Raises:
        CercleError: there is no such delivery, or it is not quarantined.
    """
    from cercle.load import set_load_state

    with db.connect(settings, application_name="cercle check release") as connection:
        set_load_state(connection, load_id, "released", reason)


def withdraw(settings: Settings, load_id: int, reason: str, is_forced: bool = False) -> None:
    """Take a delivery out; the next build no longer has it, and its file may be delivered again.

    Args:
        settings: where the database is.
        load_id: the delivery.
        reason: a sentence without personal values.
        is_forced: also when rows that later files repeated go with it.

    Raises:
        CercleError: there is no such delivery, it is withdrawn or refused already, or rows would go with it.
    """
    from cercle.load import set_load_state

    with db.connect(settings, application_name="cercle check withdraw") as connection:
        set_load_state(connection, load_id, "withdrawn", reason, is_forced=is_forced)


def _new_loads(connection: psycopg.Connection) -> list[_Load]:
    rows = connection.execute(
        "select load_id, source, plugin, entity from ops.loads where state = 'loaded' order by load_id"
    )
    return [_Load(*row) for row in rows]


def _batches(
    connection: psycopg.Connection, loads: Sequence[_Load], found: dict[str, suites.Suite]
) -> Iterator[runner.Batch]:
    """Yield one batch for all deliveries, and one per relation with a suite, within GX's limit."""
    every = found.get(suites.EVERY_LOAD)
    if every is not None:
        for number, part in enumerate(_parts(loads)):
            query = _compared(connection, every, statistics.load_query(load.load_id for load in part))
            yield runner.make_batch(connection, every, query, f"batch_{every.topic}_{number}")
    by_relation: defaultdict[str, list[_Load]] = defaultdict(list)
    for load in loads:
        by_relation[load.relation].append(load)
    for relation, theirs in sorted(by_relation.items()):
        suite = found.get(relation)
        if suite is None:
            continue
        columns = _columns(connection, relation)
        asked = history.needed_statistics(suite)
        for number, part in enumerate(_parts(theirs)):
            query = statistics.relation_query(relation, [load.load_id for load in part], asked, columns)
            query = _compared(connection, suite, query)
            yield runner.make_batch(connection, suite, query, f"batch_{number}_{relation}"[:60])


def _compared(connection: psycopg.Connection, suite: suites.Suite, query: sql.Composed) -> sql.Composed:
    """Compare deliveries with earlier ones of their source and entity."""
    subject = sql.SQL("statistics.source || '/' || statistics.entity")
    day = sql.SQL("(statistics.loaded_at at time zone 'UTC')::date")
    return history.with_usual(connection, suite, query, subject, day)


def _remember(
    connection: psycopg.Connection, batches: Sequence[runner.Batch], checked: Sequence[CheckedLoad]
) -> None:
    let_in = {str(load.load_id) for load in checked if load.state == "checked"}
    for batch in batches:
        rows = [row for key, row in batch.rows.items() if key in let_in]
        history.remember(connection, batch.suite, rows)


def _parts(loads: Sequence[_Load]) -> Iterator[Sequence[_Load]]:
    for begin in range(0, len(loads), runner.LARGEST_BATCH):
        yield loads[begin : begin + runner.LARGEST_BATCH]


def _columns(connection: psycopg.Connection, relation: str) -> list[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'raw' and table_name = %s",
        (relation,),
    )
    return [name for (name,) in rows]


def _results(verdict: runner.Verdict) -> Iterator[Result]:
    """Yield one result per delivery of the batch."""
    column = verdict.expectation["kwargs"].get("column")
    for key, row in verdict.batch.rows.items():
        outcome = verdict.outcome_of(key)
        yield Result(
            border="raw",
            suite=verdict.batch.suite.name,
            rule=verdict.expectation["meta"]["rule"],
            expectation=runner.describe(verdict.expectation),
            relation=f"raw.{row['plugin']}__{row['entity']}",
            column=column,
            outcome=outcome,
            severity=verdict.expectation["severity"],
            observed=runner.as_text(row[column]) if column in row else verdict.observed,
            unexpected_count=None if outcome == "broken" else int(outcome == "failed"),
            load_id=int(key),
            problem=verdict.problem,
        )


def _judge(load: _Load, results: Sequence[Result]) -> CheckedLoad:
    critical = [result for result in results if result.is_critical_failure]
    broken = [result for result in results if result.is_critical_broken]
    reasons = tuple(str(result.message) for result in (critical or broken))
    state = "quarantined" if critical else "loaded" if broken else "checked"
    return CheckedLoad(load.load_id, load.source, load.entity, state, reasons)
