"""What the checks said, day by day: rules, deliveries kept out, statistics beside what is usual.

Airflow's menu and `cercle check page` show the same. No script, no network, no personal value: it reads `ops` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg

from cercle.report.rendering import environment
from cercle.report.snapshot import age_since, operator_snapshot

__all__ = ["Quality", "read_quality", "render_quality"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Quality:
    """What the page shows.

    Attributes:
        now: the database's clock.
        days: the last fourteen days on which something was checked, the oldest first.
        suites: results by suite and day: how many, how many did not hold, the gravest outcome.
        rules: rules that did not hold within four weeks: how often, since when, and the last time.
        kept_out: deliveries in quarantine, and those of the last four weeks that were released or withdrawn.
        statistics: the last value of each compared statistic, and the median of its day of the week.
    """

    now: datetime
    days: Sequence[date]
    suites: Mapping[str, Mapping[date, Row]]
    rules: Sequence[Row]
    kept_out: Sequence[Row]
    statistics: Sequence[Row]

    @property
    def open_count(self) -> int:
        """Deliveries that wait for somebody's decision."""
        return sum(1 for row in self.kept_out if row["state"] == "quarantined")

    def as_json(self) -> dict[str, Any]:
        """Return all of it as values for JSON; moments stay datetimes."""
        found = asdict(self)
        found["suites"] = {
            suite: {day.isoformat(): row for day, row in by_day.items()}
            for suite, by_day in self.suites.items()
        }
        return found


def read_quality(connection: psycopg.Connection) -> Quality:
    """Read the page in one snapshot; see `operator_snapshot`."""
    with operator_snapshot(connection) as ask:
        suites: defaultdict[str, dict[date, Row]] = defaultdict(dict)
        for row in ask(_BY_DAY):
            suites[row["suite"]][row["day"]] = row
        return Quality(
            now=ask("select now() as now")[0]["now"],
            days=sorted({day for by_day in suites.values() for day in by_day}),
            suites=dict(sorted(suites.items())),
            rules=ask(_RULES),
            kept_out=ask(_KEPT_OUT),
            statistics=ask(_STATISTICS),
        )


def render_quality(quality: Quality) -> str:
    """Return the page as one HTML document, in French and English."""
    template = environment(age=lambda moment: age_since(quality.now, moment)).get_template("quality.html.j2")
    return template.render(quality=quality)


_BY_DAY: LiteralString = """
    with

    results as (
        select
            suite,
            outcome,
            severity,
            (checked_at at time zone 'UTC')::date as day
        from ops.quality_results
    ),

    days as (
        select distinct day
        from results
        order by day desc
        limit 14
    )

    select
        results.suite,
        results.day,
        count(*) as result_count,
        count(*) filter (where results.outcome = 'failed') as failed_count,
        count(*) filter (where results.outcome = 'broken') as broken_count,
        bool_or(results.outcome <> 'passed' and results.severity = 'critical') as is_critical
    from results
    inner join days on results.day = days.day
    group by results.suite, results.day
    order by results.suite, results.day
"""

_RULES: LiteralString = """
    select
        quality_results.suite,
        quality_results.column_name,
        quality_results.severity,
        count(*) as failure_count,
        count(*) filter (where quality_results.outcome = 'broken') as broken_count,
        min(quality_results.checked_at) as first_at,
        max(quality_results.checked_at) as last_at,
        (array_agg(quality_results.message order by quality_results.quality_result_id desc))[1] as message
    from ops.quality_results
    where quality_results.outcome <> 'passed' and quality_results.checked_at > now() - interval '28 days'
    group by
        quality_results.suite,
        quality_results.expectation,
        quality_results.column_name,
        quality_results.severity
    order by quality_results.severity, last_at desc
    limit 100
"""

_KEPT_OUT: LiteralString = """
    select load_id, source, entity, file_name, state, state_reason, loaded_at, read_count
    from ops.loads
    where state = 'quarantined'
        or (state in ('released', 'withdrawn') and loaded_at > now() - interval '28 days')
    order by state = 'quarantined' desc, loaded_at desc
    limit 100
"""

_STATISTICS: LiteralString = """
    with

    newest as (
        select distinct on (suite, statistic, subject) *
        from ops.quality_statistics
        order by suite, statistic, subject, day desc
    )

    select
        newest.suite,
        newest.statistic,
        newest.subject,
        newest.day,
        newest.value,
        usual.value as usual_value,
        usual.day_count
    from newest
    left join lateral (
        select
            percentile_cont(0.5) within group (order by before.value) as value,
            count(*) as day_count
        from (
            select earlier.value
            from ops.quality_statistics as earlier
            where earlier.suite = newest.suite
                and earlier.statistic = newest.statistic
                and earlier.subject = newest.subject
                and earlier.day < newest.day
                and extract(isodow from earlier.day) = extract(isodow from newest.day)
            order by earlier.day desc
            limit 12
        ) as before
    ) as usual on true
    order by newest.suite, newest.statistic, newest.subject
    limit 300
"""
