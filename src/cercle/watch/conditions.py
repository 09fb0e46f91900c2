"""What needs a person, asked of `ops` alone: no personal value can be in what is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

__all__ = ["SILENCES", "Condition", "Limits", "find_conditions"]


@dataclass(frozen=True)
class Limits:
    """From when on something is told.

    Attributes:
        publication_age: the newest publication is older than this; None = never told.
        request_days: a request of a person ends within so many days.
        silence_factor: a source is silent for so many times what is usual between two of its deliveries.
        least_silence: and for longer than this.
    """

    publication_age: timedelta | None = timedelta(hours=26)
    request_days: int = 5
    silence_factor: float = 3.0
    least_silence: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class Condition:
    """Something that holds now.

    Attributes:
        kind: which; `texts.TEXTS` has a sentence and a remedy for each.
        key: what it is about: the same thing is told once.
        severity: critical, warning or info.
        facts: numbers, names and sentences for the text.
    """

    kind: str
    key: str
    severity: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def find_conditions(connection: psycopg.Connection, limits: Limits) -> list[Condition]:
    """Return what holds now, the most severe first.

    Args:
        connection: any; it reads `ops` alone.
        limits: from when on.
    """
    parameters = {
        "publication_age": limits.publication_age,
        "request_days": limits.request_days,
        "silence_factor": limits.silence_factor,
        "least_silence": limits.least_silence,
    }
    found = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for kind, (severity, query) in _QUERIES.items():
            for row in cursor.execute(query, parameters).fetchall():
                key = str(row.pop("key"))
                found.append(Condition(kind, key, severity, row))
    order = ("critical", "warning", "info")
    return sorted(found, key=lambda condition: order.index(condition.severity))


# CTEs: `silences` has, per source, the last delivery, the usual seconds between two, and whether it is silent now.
SILENCES: LiteralString = """
deliveries as (
    select
        source,
        loaded_at,
        loaded_at - lag(loaded_at) over (partition by source order by loaded_at) as gap
    from ops.loads
    where state <> 'refused'
),

-- Files of one delivery come together: only what lies a minute apart is a rhythm.
rhythms as (
    select
        source,
        max(loaded_at) as last_loaded_at,
        percentile_cont(0.5) within group (order by extract(epoch from gap))
            filter (where gap > interval '1 minute') as usual_seconds
    from deliveries
    group by source
),

silences as (
    select
        *,
        coalesce(
            now() - last_loaded_at
            > greatest(%(silence_factor)s * usual_seconds * interval '1 second', %(least_silence)s::interval)
            and usual_seconds is not null,
            false
        ) as is_silent
    from rhythms
)
"""

# Severity, and a query with the key of each case and the facts of its text.
_QUERIES: dict[str, tuple[str, LiteralString]] = {
    # A build that was abandoned and followed by a publication needs nobody: it went on by itself.
    "build_failed": (
        "critical",
        """
        select build_id as key, coalesce(error, state) as error
        from ops.builds
        where state in ('failed', 'abandoned')
            and build_id = (select max(build_id) from ops.builds)
        """,
    ),
    "rule_broken": (
        "critical",
        """
        select
            quality_results.build_id || ':' || quality_results.suite || ':' || quality_results.expectation as key,
            quality_results.suite,
            quality_results.relation,
            max(quality_results.message) as message,
            sum(quality_results.unexpected_count)::bigint as row_count
        from ops.quality_results
        where quality_results.outcome <> 'passed'
            and quality_results.severity = 'critical'
            and quality_results.build_id = (select max(build_id) from ops.builds)
        group by quality_results.build_id, quality_results.suite, quality_results.expectation, quality_results.relation
        """,
    ),
    "publication_old": (
        "critical",
        """
        select
            max(publication_id) as key,
            to_char(max(published_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as published_at
        from ops.publications
        having max(published_at) < now() - %(publication_age)s::interval
        """,
    ),
    "request_late": (
        "critical",
        """
        select
            right_article || ':' || due_date as key,
            right_article,
            kind as request_kind,
            count(*) as request_count,
            due_date::text as due_date
        from ops.open_requests
        where due_date < (now() at time zone 'Europe/Paris')::date
        group by right_article, kind, due_date
        """,
    ),
    "request_due": (
        "warning",
        """
        select
            right_article || ':' || due_date as key,
            right_article,
            kind as request_kind,
            count(*) as request_count,
            due_date::text as due_date
        from ops.open_requests
        where due_date between (now() at time zone 'Europe/Paris')::date
            and (now() at time zone 'Europe/Paris')::date + %(request_days)s
        group by right_article, kind, due_date
        """,
    ),
    "delivery_quarantined": (
        "warning",
        """
        select load_id as key, source, entity, file_name, read_count, state_reason as reason
        from ops.loads
        where state = 'quarantined'
        """,
    ),
    # Over when the same file was taken after all, or after a week.
    "delivery_refused": (
        "warning",
        """
        select refused.load_id as key, refused.source, refused.entity, refused.file_name, refused.state_reason as reason
        from ops.loads as refused
        where refused.state = 'refused'
            and refused.loaded_at > now() - interval '7 days'
            and not exists (
                select
                from ops.loads as later
                where later.source = refused.source
                    and later.file_name = refused.file_name
                    and later.load_id > refused.load_id
            )
        """,
    ),
    "source_silent": (
        "warning",
        """
        with
        """
        + SILENCES
        + """
        select
            source as key,
            source,
            to_char(last_loaded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as last_loaded_at
        from silences
        where is_silent
        """,
    ),
    "market_alert": (
        "info",
        """
        select
            recent_alerts.alert_id as key,
            recent_alerts.kind as alert_kind,
            coalesce(recent_alerts.campaign_id, recent_alerts.topic, recent_alerts.channel, '') as subject,
            recent_alerts.day_date::text as day,
            recent_alerts.contact_count,
            recent_alerts.customer_count
        from ops.recent_alerts
        inner join ops.publications on recent_alerts.publication_id = publications.publication_id
        where recent_alerts.day_date > (publications.as_of at time zone 'Europe/Paris')::date - 3
        """,
    ),
}
