"""Figures of every day: who may be contacted, what was said, grants without proof, requests and their age."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from cercle.privacy.rights import ANSWERED_REQUESTS

__all__ = ["DAYS", "RATES", "REQUESTS", "read_figures"]


def read_figures(connection: psycopg.Connection, days: int, today: datetime) -> dict[str, Any]:
    """Return the figures; counts alone.

    Args:
        connection: to the warehouse.
        days: how many days of events, counted back from `today`.
        today: the moment that ages are counted to.

    Returns:
        `rates`: per channel and purpose customers asked, allowed, refused, opt-in percentage, and grants that prove
        nothing (of the last publication); `days`: per day, channel and purpose grants, confirmations, stops and
        quarantined events; `requests`: per kind open, late, oldest and median age in days; `exports`: of the same
        days, files, blocked ones and lines that left.
    """
    moments = {"today": today, "days": days}
    figures: dict[str, Any] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for name, query in (
            ("rates", RATES),
            ("days", DAYS),
            ("requests", REQUESTS),
            ("exports", _EXPORTS),
        ):
            figures[name] = cursor.execute(query, moments).fetchall()
    for row in figures["days"]:
        if isinstance(row["day"], date):
            row["day"] = row["day"].isoformat()
    return figures


# A rate is of customers, not of contact points: one allowed is enough, and what a sale allows for one family is none.
RATES: LiteralString = """
with

customers as (
    select
        channel,
        purpose,
        customer_id,
        bool_or(decision = 'ALLOW') as is_allowed,
        bool_or(reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED')) as is_stopped,
        bool_or(reason in ('NO_PROOF', 'INVALID_METHOD', 'INVALIDATED', 'NOT_COVERED_BY_NOTICE', 'QUARANTINED'))
            as is_unproved
    from marts.contactability
    where product_family = ''
    group by channel, purpose, customer_id
)

select
    channel,
    purpose,
    count(*) as customer_count,
    count(*) filter (where is_allowed) as allowed_count,
    count(*) filter (where is_stopped and not is_allowed) as stopped_count,
    count(*) filter (where is_unproved and not is_allowed) as grant_without_proof_count,
    round(100.0 * count(*) filter (where is_allowed) / count(*), 1)::double precision as allowed_percent
from customers
group by channel, purpose
order by channel, purpose
"""

DAYS: LiteralString = """
select
    (coalesce(events.occurred_at, events.recorded_at) at time zone 'Europe/Paris')::date as day,
    coalesce(events.channel, '(every)') as channel,
    coalesce(events.purpose, '(every)') as purpose,
    count(*) filter (where events.type = 'consent_given') as grant_count,
    count(*) filter (where events.type = 'consent_given' and events.evidence_sha256 is null)
        as grant_without_evidence_count,
    count(*) filter (where events.type = 'doi_confirmed') as confirmation_count,
    count(*) filter (where types.stop_severity is not null) as stop_count,
    count(*) filter (where events.is_quarantined) as quarantined_count
from privacy.consent_events as events
inner join privacy.event_types as types on events.type = types.type
where events.ledger = 'main'
    and coalesce(events.occurred_at, events.recorded_at) > %(today)s - make_interval(days => %(days)s)
    and coalesce(events.occurred_at, events.recorded_at) <= %(today)s
group by 1, 2, 3
order by 1, 2, 3
"""

# An extension that we gave adds two months; whether that day is a working day, `cercle privacy requests` says.
REQUESTS: LiteralString = (
    """
with

requests as (
"""
    + ANSWERED_REQUESTS
    + """
),

dated as (
    select
        kind,
        received_at,
        closed_at,
        (due_date + case when is_extended_by_us then interval '2 months' else interval '0' end)::date as due_date
    from requests
)

select
    kind,
    count(*) filter (where closed_at is null) as open_count,
    count(*) filter (where closed_at is null and due_date < (%(today)s at time zone 'Europe/Paris')::date)
        as late_count,
    max(extract(day from %(today)s - received_at)) filter (where closed_at is null)::integer as oldest_open_days,
    percentile_cont(0.5) within group (
        order by extract(epoch from coalesce(closed_at, %(today)s) - received_at) / 86400
    ) as median_days,
    count(*) as request_count
from dated
where received_at <= %(today)s
group by kind
order by kind
"""
)

_EXPORTS: LiteralString = """
select
    channel,
    purpose,
    count(*) filter (where not is_blocked) as export_count,
    count(*) filter (where is_blocked) as blocked_count,
    coalesce(sum(allowed_count) filter (where not is_blocked and not is_aggregate), 0)::bigint as line_count
from privacy.exports
where exported_at > %(today)s - make_interval(days => %(days)s) and exported_at <= %(today)s
group by channel, purpose
order by channel, purpose
"""
