"""What was set aside: identifiers that would join records and do not, with the reason, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

__all__ = ["SetAside", "list_set_aside"]

# An identifier is the worse, the more customers it would melt into one.
_WORST = """
    select
        links.identifier_type,
        links.identifier_key,
        max(identifiers.identifier_value) as value,
        links.set_aside_reason as reason,
        count(distinct links.customer_id) as customer_count,
        count(*) as record_count,
        max(links.observed_at) as last_observed_at
    from marts.identity_links as links
    left join lateral (
        select customer_identifiers.identifier_value
        from marts.customer_identifiers
        where
            customer_identifiers.identifier_type = links.identifier_type
            and customer_identifiers.identifier_key = links.identifier_key
        limit 1
    ) as identifiers on true
    where links.is_set_aside and (%(reason)s::text is null or links.set_aside_reason = %(reason)s)
    group by links.identifier_type, links.identifier_key, links.set_aside_reason
    order by customer_count desc, record_count desc, links.identifier_type, links.identifier_key
    limit %(limit)s
"""


@dataclass(frozen=True)
class SetAside:
    """An identifier that joins nobody, or not everybody who has it.

    Attributes:
        identifier_type: email, phone, …; alike for scored matching.
        identifier_key: its pseudonym; what `cercle identity block` takes.
        value: in clear; None for names and scores.
        reason: why it was set aside.
        customer_count: customers that it would join.
        record_count: records that carry it, and are not joined by it.
        last_observed_at: when it was last seen.
    """

    identifier_type: str
    identifier_key: str
    value: str | None
    reason: str
    customer_count: int
    record_count: int
    last_observed_at: datetime | None


def list_set_aside(
    connection: psycopg.Connection[Any], limit: int = 50, reason: str | None = None
) -> list[SetAside]:
    """Return what was set aside in the published links, the worst first.

    Args:
        connection: to the warehouse.
        limit: how many at most.
        reason: only this one; see `set_aside_reason` in marts.identity_links.
    """
    with connection.cursor(row_factory=class_row(SetAside)) as cursor:
        return cursor.execute(_WORST.encode(), {"limit": limit, "reason": reason}).fetchall()
