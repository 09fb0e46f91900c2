"""What an operator looks at first: sources, layers, checks, publications, requests, alerts. Read from `ops` alone.

The page of Airflow's web interface and `cercle status --html` show the same. No script, no network, no personal value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from cercle.publish.record import PUBLICATIONS
from cercle.report.rendering import environment
from cercle.report.snapshot import age_since, operator_snapshot
from cercle.watch.conditions import SILENCES, Limits

__all__ = ["Operations", "read_operations", "render_operations"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Operations:
    """What the page shows.

    Attributes:
        now: the database's clock.
        publication: the newest, with the rows that it changed; None before the first one.
        build: the newest, whatever became of it; None before the first one.
        sources: deliveries and rows per source, when the last one came, and whether one is overdue.
        layers: raw, staging, intermediate, marts: state and seconds in the newest build, and its checks.
        kept_out: deliveries in quarantine, refused since the last publication, or not yet checked.
        checks: rules of the newest build and its deliveries that did not hold, or could not be asked.
        publications: the last ten.
        requests: of persons that wait, by kind of right.
        alerts: of the newest publication.
    """

    now: datetime
    publication: Row | None
    build: Row | None
    sources: Sequence[Row]
    layers: Sequence[Row]
    kept_out: Sequence[Row]
    checks: Sequence[Row]
    publications: Sequence[Row]
    requests: Sequence[Row]
    alerts: Sequence[Row]

    @property
    def late_request_count(self) -> int:
        """Requests whose last day is over."""
        return sum(row["late_count"] for row in self.requests)

    @property
    def overdue_source_count(self) -> int:
        """Sources that have been silent for longer than is usual for them."""
        return sum(1 for row in self.sources if row["is_overdue"])

    def as_json(self) -> dict[str, Any]:
        """Return all of it as values for JSON; moments stay datetimes."""
        return asdict(self)


def read_operations(connection: psycopg.Connection, limits: Limits | None = None) -> Operations:
    """Read the page in one snapshot; see `operator_snapshot`.

    Args:
        connection: without an open transaction.
        limits: from when on a source is overdue; those of the watch.
    """
    limits = limits or Limits()
    with operator_snapshot(connection) as ask:
        publications = ask(PUBLICATIONS, limit=10)
        builds = ask(_BUILD)
        return Operations(
            now=ask("select now() as now")[0]["now"],
            publication=publications[0] if publications else None,
            build=builds[0] if builds else None,
            sources=ask(_SOURCES, silence_factor=limits.silence_factor, least_silence=limits.least_silence),
            layers=ask(_LAYERS),
            kept_out=ask(_KEPT_OUT),
            checks=ask(_CHECKS),
            publications=publications,
            requests=ask(_REQUESTS),
            alerts=ask(_ALERTS),
        )


def render_operations(operations: Operations) -> str:
    """Return the page as one HTML document, in French and English."""
    template = environment(age=lambda moment: age_since(operations.now, moment)).get_template(
        "operations.html.j2"
    )
    return template.render(operations=operations, today=operations.now.astimezone(UTC).date())


_BUILD = """
    select build_id, state, as_of, started_at, finished_at, is_full_refresh, error
    from ops.builds
    order by build_id desc
    limit 1
"""

# Overdue as the watch says it (cercle.watch), by its own limits.
_SOURCES = (
    "with"
    + SILENCES
    + """,

    counted as (
        select
            source,
            max(plugin) as plugin,
            count(*) as delivery_count,
            sum(stored_count)::bigint as stored_count,
            sum(known_count)::bigint as known_count,
            sum(rejected_count)::bigint as rejected_count,
            sum(suppressed_count)::bigint as suppressed_count,
            count(*) filter (where state = 'quarantined') as quarantined_count
        from ops.loads
        group by source
    )

    select
        counted.*,
        silences.last_loaded_at,
        silences.usual_seconds,
        coalesce(silences.is_silent, false) as is_overdue
    from counted
    left join silences on counted.source = silences.source
    order by is_overdue desc, counted.source
"""
)

_LAYERS = """
    with

    newest as (
        select build_id
        from ops.builds
        order by build_id desc
        limit 1
    ),

    before as (
        select max(build_id) as build_id
        from ops.publications
        where build_id < (select newest.build_id from newest)
    ),

    new_loads as (
        select loads.*
        from ops.build_loads
        inner join newest on build_loads.build_id = newest.build_id
        inner join ops.loads on build_loads.load_id = loads.load_id
        where not exists (
            select from ops.build_loads as earlier
            inner join before on earlier.build_id = before.build_id
            where earlier.load_id = build_loads.load_id
        )
    ),

    steps as (
        select distinct on (build_steps.step)
            build_steps.step,
            build_steps.state,
            extract(epoch from build_steps.finished_at - build_steps.started_at) as seconds
        from ops.build_steps
        inner join newest on build_steps.build_id = newest.build_id
        order by build_steps.step, build_steps.attempt desc
    ),

    results as (
        select
            'raw' as layer,
            quality_results.outcome
        from ops.quality_results
        inner join new_loads on quality_results.load_id = new_loads.load_id

        union all

        select
            'marts' as layer,
            quality_results.outcome
        from ops.quality_results
        inner join newest on quality_results.build_id = newest.build_id
        where quality_results.border = 'marts'
    ),

    checked as (
        select
            layer,
            count(*) as check_count,
            count(*) filter (where outcome <> 'passed') as failed_count
        from results
        group by layer
    ),

    layers as (
        select
            'raw' as layer,
            1 as position,
            case when count(*) > 0 then 'done' end as state,
            sum(duration_seconds) as seconds,
            coalesce(sum(stored_count), 0)::bigint as row_count
        from new_loads

        union all

        select
            words.layer,
            words.position,
            steps.state,
            steps.seconds,
            null as row_count
        from (values ('staging', 2), ('intermediate', 3), ('marts', 4)) as words (layer, position)
        left join steps on words.layer = steps.step
    )

    select
        layers.*,
        coalesce(checked.check_count, 0) as check_count,
        coalesce(checked.failed_count, 0) as failed_count
    from layers
    left join checked on layers.layer = checked.layer
    order by layers.position
"""

_KEPT_OUT = """
    select load_id, source, entity, file_name, state, state_reason, loaded_at, read_count
    from ops.loads
    where state in ('quarantined', 'loaded')
        or (
            state = 'refused'
            and loaded_at > coalesce((select max(published_at) from ops.publications), '-infinity')
        )
    order by loaded_at desc
    limit 50
"""

_CHECKS = """
    with

    newest as (
        select build_id
        from ops.builds
        order by build_id desc
        limit 1
    )

    select border, suite, expectation, relation, column_name, severity, outcome, message, unexpected_count, checked_at
    from ops.quality_results
    where outcome <> 'passed'
        and (
            build_id = (select newest.build_id from newest)
            or load_id in (
                select build_loads.load_id
                from ops.build_loads
                inner join newest on build_loads.build_id = newest.build_id
            )
        )
    order by severity, checked_at desc
    limit 50
"""

_REQUESTS = """
    select
        kind,
        right_article,
        count(*) as open_count,
        count(*) filter (where due_date < (now() at time zone 'Europe/Paris')::date) as late_count,
        min(received_at) as oldest_received_at,
        min(due_date) as next_due_date
    from ops.open_requests
    group by kind, right_article
    order by next_due_date, kind
"""

_ALERTS = """
    select kind, channel, topic, campaign_id, day_date, contact_count, customer_count, known_at
    from ops.recent_alerts
    order by day_date desc, kind, alert_id
    limit 50
"""
