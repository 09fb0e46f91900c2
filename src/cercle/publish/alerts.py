"""The alerts of a publication, kept in `ops` for those who may not read marts: the page of operations, a notifier."""

from __future__ import annotations

from datetime import datetime

import psycopg

__all__ = ["keep_alerts"]

_DAYS = 28


def keep_alerts(connection: psycopg.Connection, publication_id: int, as_of: datetime) -> None:
    """Write the alerts of the last four weeks into ops.recent_alerts, in the place of those of the publication before.

    Args:
        connection: in the publication's transaction, after its rows.
        publication_id: the publication.
        as_of: the moment that the marts take for now.
    """
    row = connection.execute("select to_regclass('marts.alerts') is not null").fetchone()
    connection.execute("delete from ops.recent_alerts")
    if not (row and row[0]):
        return
    connection.execute(
        """
        insert into ops.recent_alerts (
            alert_id, publication_id, kind, channel, topic, campaign_id, day_date, contact_count, customer_count,
            known_at
        )
        select
            alert_id, %(publication_id)s, kind, channel, topic, campaign_id, day_date, contact_count, customer_count,
            known_at
        from marts.alerts
        where day_date > (%(as_of)s at time zone 'Europe/Paris')::date - %(days)s
        """,
        {"publication_id": publication_id, "as_of": as_of, "days": _DAYS},
    )
