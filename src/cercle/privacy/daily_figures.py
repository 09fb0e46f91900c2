"""Figures of every day, kept for BI: written by each publication, and by upkeep on days without one."""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import psycopg

from cercle.privacy.report_figures import DAYS, RATES, REQUESTS

__all__ = ["keep_daily_figures"]

# Events come late: the days of so long are counted again each time.
_DAYS_AGAIN = 35


def keep_daily_figures(connection: psycopg.Connection, as_of: datetime) -> None:
    """Write the figures of the day of `as_of`, and count the events of the days before it again; counts alone.

    What a day's rates were stays as it was: only the events of that day may have come since.

    Args:
        connection: in the publication's transaction, after its rows.
        as_of: the moment that the marts take for now.
    """
    row = connection.execute("select to_regclass('marts.contactability') is not null").fetchone()
    if not (row and row[0]):
        return
    moments = {"today": as_of, "days": _DAYS_AGAIN}
    connection.execute(_KEEP_CONSENT, moments)
    connection.execute(_KEEP_REQUESTS, moments)


_KEEP_CONSENT: LiteralString = (
    """
with

rates as (
"""
    + RATES
    + """
),

days as (
"""
    + DAYS
    + """
)

insert into privacy.consent_daily as kept (
    day, channel, purpose, customer_count, allowed_count, stopped_count, grant_without_proof_count, allowed_percent,
    grant_count, grant_without_evidence_count, confirmation_count, stop_count, quarantined_count
)
select
    coalesce(days.day, (%(today)s at time zone 'Europe/Paris')::date),
    coalesce(days.channel, rates.channel),
    coalesce(days.purpose, rates.purpose),
    rates.customer_count,
    rates.allowed_count,
    rates.stopped_count,
    rates.grant_without_proof_count,
    rates.allowed_percent,
    coalesce(days.grant_count, 0),
    coalesce(days.grant_without_evidence_count, 0),
    coalesce(days.confirmation_count, 0),
    coalesce(days.stop_count, 0),
    coalesce(days.quarantined_count, 0)
from days
full join rates
    on days.day = (%(today)s at time zone 'Europe/Paris')::date
    and days.channel = rates.channel
    and days.purpose = rates.purpose
-- The first day of the window is not whole.
where days.day is null or days.day > (%(today)s at time zone 'Europe/Paris')::date - %(days)s::integer
on conflict (day, channel, purpose) do update set
    customer_count = coalesce(excluded.customer_count, kept.customer_count),
    allowed_count = coalesce(excluded.allowed_count, kept.allowed_count),
    stopped_count = coalesce(excluded.stopped_count, kept.stopped_count),
    grant_without_proof_count = coalesce(excluded.grant_without_proof_count, kept.grant_without_proof_count),
    allowed_percent = coalesce(excluded.allowed_percent, kept.allowed_percent),
    grant_count = excluded.grant_count,
    grant_without_evidence_count = excluded.grant_without_evidence_count,
    confirmation_count = excluded.confirmation_count,
    stop_count = excluded.stop_count,
    quarantined_count = excluded.quarantined_count
"""
)

_KEEP_REQUESTS: LiteralString = (
    """
with

requests as (
"""
    + REQUESTS
    + """
)

insert into privacy.requests_daily as kept (
    day, kind, open_count, late_count, oldest_open_days, median_days, request_count
)
select
    (%(today)s at time zone 'Europe/Paris')::date,
    kind,
    open_count,
    late_count,
    oldest_open_days,
    median_days,
    request_count
from requests
on conflict (day, kind) do update set
    open_count = excluded.open_count,
    late_count = excluded.late_count,
    oldest_open_days = excluded.oldest_open_days,
    median_days = excluded.median_days,
    request_count = excluded.request_count
"""
)
