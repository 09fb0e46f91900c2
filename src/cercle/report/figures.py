"""The figures of the end screen, read from `ops` and `marts`; counts only, never a personal value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

__all__ = ["Figures", "read_figures"]


@dataclass(frozen=True)
class Figures:
    """What a run left behind.

    Attributes:
        publication: number, build, as_of, published_at; None before the first one.
        marts: relation, row_count, inserted, updated and deleted by the last publication.
        loads: files and rows by state since the run began, and in all.
        rejected: source, entity, reason and count of rows that raw does not hold.
        checks: border, severity, outcome and count, of the last judgement of every delivery and of the build.
        warnings: rules that did not hold, or could not be checked.
        kept_out: deliveries in quarantine.
        steps: seconds of the build's steps.
        example: the customer with most channels, for a page to look at.
    """

    publication: dict[str, Any] | None
    marts: list[dict[str, Any]]
    loads: dict[str, Any]
    rejected: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    kept_out: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    example: str | None = field(default=None)


def read_figures(connection: psycopg.Connection, since: datetime) -> Figures:
    """Read the figures.

    Args:
        connection: any.
        since: when the run began; checks and loads from then on are those of the run.
    """
    with connection.cursor(row_factory=dict_row) as cursor:

        def ask(query: str) -> list[dict[str, Any]]:
            return cursor.execute(query, {"since": since}).fetchall()

        publication = ask(_PUBLICATION)
        return Figures(
            publication=publication[0] if publication else None,
            marts=ask(_MARTS),
            loads=ask(_LOADS)[0],
            rejected=ask(_REJECTED),
            checks=ask(_CHECKS),
            warnings=ask(_WARNINGS),
            kept_out=ask(_KEPT_OUT),
            steps=ask(_STEPS),
            example=_example(cursor),
        )


def _example(cursor: psycopg.Cursor[Any]) -> str | None:
    there = cursor.execute("select to_regclass('marts.interactions') is not null as it").fetchone()
    if not there or not there["it"]:
        return None
    row = cursor.execute(_EXAMPLE).fetchone()
    return str(row["customer_id"]) if row else None


_PUBLICATION = """
    select publication_id, build_id, as_of, published_at, duration_seconds
    from ops.publications
    order by publication_id desc
    limit 1
"""

_MARTS = """
    select
        publication_changes.relation,
        publication_changes.row_count,
        publication_changes.inserted_count,
        publication_changes.updated_count,
        publication_changes.deleted_count
    from ops.publication_changes
    inner join ops.published_build on publication_changes.publication_id = published_build.publication_id
    order by publication_changes.relation
"""

_LOADS = """
    select
        count(*) filter (where is_new) as file_count,
        count(*) filter (where is_new and state = 'refused') as refused_count,
        coalesce(sum(read_count) filter (where is_new), 0)::bigint as read_count,
        coalesce(sum(stored_count) filter (where is_new), 0)::bigint as stored_count,
        coalesce(sum(known_count) filter (where is_new), 0)::bigint as known_count,
        coalesce(sum(rejected_count) filter (where is_new), 0)::bigint as rejected_count,
        coalesce(sum(suppressed_count) filter (where is_new), 0)::bigint as suppressed_count,
        coalesce(sum(stored_count), 0)::bigint as all_stored_count,
        coalesce(sum(rejected_count), 0)::bigint as all_rejected_count
    from (select *, loaded_at >= %(since)s as is_new from ops.loads) as loads
"""

_REJECTED = """
    select loads.source, loads.entity, rejected_rows.reason_code, count(*) as row_count
    from ops.rejected_rows
    inner join ops.loads on rejected_rows.load_id = loads.load_id
    group by loads.source, loads.entity, rejected_rows.reason_code
    order by row_count desc, loads.source, loads.entity, rejected_rows.reason_code
"""

_CHECKS = """
    select border, severity, outcome, count(*) as result_count
    from ops.quality_results
    where checked_at >= %(since)s
    group by border, severity, outcome
    order by border, severity, outcome
"""

_WARNINGS = """
    select
        quality_results.border,
        quality_results.suite,
        quality_results.severity,
        quality_results.outcome,
        quality_results.message,
        loads.source,
        loads.entity,
        count(*) as result_count
    from ops.quality_results
    left join ops.loads on quality_results.load_id = loads.load_id
    where quality_results.checked_at >= %(since)s and quality_results.outcome <> 'passed'
    group by
        quality_results.border,
        quality_results.suite,
        quality_results.severity,
        quality_results.outcome,
        quality_results.message,
        loads.source,
        loads.entity
    order by quality_results.severity, quality_results.border, quality_results.suite
"""

_KEPT_OUT = """
    select load_id, source, entity, state, state_reason
    from ops.loads
    where state in ('quarantined', 'loaded')
    order by load_id
"""

_STEPS = """
    select step, round(extract(epoch from sum(finished_at - started_at)), 1) as seconds
    from ops.build_steps
    where build_id = (select max(build_id) from ops.builds) and finished_at is not null
    group by step
    order by min(started_at)
"""

_EXAMPLE = """
    select interactions.customer_id
    from marts.interactions
    inner join marts.customer_360 on interactions.customer_id = customer_360.customer_id
    where customer_360.order_count > 0
    group by interactions.customer_id
    order by count(distinct interactions.channel) desc, count(*) desc, interactions.customer_id
    limit 1
"""
