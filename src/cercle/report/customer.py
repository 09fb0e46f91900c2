"""One customer as one page: who (masked), contacts on all channels, orders, consent. No script, no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cercle.errors import EXIT_USAGE, CercleError
from cercle.report.rendering import environment

__all__ = ["CustomerPage", "masked", "read_customer", "render_customer"]

_MOST_MONTHS = 24
_LONGEST_LISTS = {"interactions": 200, "orders": 100}


@dataclass(frozen=True)
class CustomerPage:
    """What the page shows.

    Attributes:
        customer: the row of customer_360.
        asked_id: the id that was asked for; another than the customer's when that was merged.
        identifiers: type, masked value, sources, days.
        interactions: the newest contacts, without their text.
        orders: the newest orders.
        decisions: contactability.
        rules: how often each rule linked the customer's records.
        months: first days of the months of the picture, oldest first.
        grid: contacts by channel and month.
    """

    customer: Mapping[str, Any]
    asked_id: str
    identifiers: Sequence[Mapping[str, Any]]
    interactions: Sequence[Mapping[str, Any]]
    orders: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    rules: Sequence[Mapping[str, Any]]
    months: Sequence[date]
    grid: Mapping[str, Mapping[date, int]]

    def contact_point(self, key: str | None) -> str:
        """Return a contact point masked, or the beginning of its pseudonym where no identifier tells it."""
        for identifier in self.identifiers:
            if key and identifier["identifier_key"] == key:
                return str(identifier["masked"])
        return (key or "–")[:10]


def read_customer(connection: psycopg.Connection, customer_id: str) -> CustomerPage:
    """Read a published customer, in one snapshot.

    Args:
        connection: without an open transaction.
        customer_id: of today, or one that was merged into another since.

    Raises:
        CercleError: there is no such customer, or nothing is published.
    """
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        there = cursor.execute("select to_regclass('marts.customer_360') is not null as it").fetchone()
        if not there or not there["it"]:
            raise CercleError("Nothing is published yet", remedy="Run `make run`, or `cercle run`")
        found = cursor.execute(
            "select * from marts.customer_360 where customer_id = identity.resolve('customer', %s)",
            (customer_id,),
        ).fetchone()
        if found is None:
            raise CercleError(
                f"There is no customer {customer_id}",
                remedy="Take an id from marts.customer_360",
                exit_code=EXIT_USAGE,
            )

        def ask(query: str) -> list[dict[str, Any]]:
            return cursor.execute(query, (found["customer_id"],)).fetchall()

        interactions = ask(_INTERACTIONS)
        months = _months([row["occurred_at"] for row in interactions])
        return CustomerPage(
            customer=found,
            asked_id=customer_id,
            identifiers=[
                {**row, "masked": masked(row["identifier_type"], row.pop("identifier_value"))}
                for row in ask(_IDENTIFIERS)
            ],
            interactions=interactions[: _LONGEST_LISTS["interactions"]],
            orders=ask(_ORDERS)[: _LONGEST_LISTS["orders"]],
            decisions=ask(_DECISIONS),
            rules=ask(_RULES),
            months=months,
            grid=_grid(interactions, months),
        )


def render_customer(page: CustomerPage) -> str:
    """Return the page as one HTML document."""
    return environment().get_template("customer.html.j2").render(page=page, customer=page.customer)


def masked(identifier_type: str, value: str | None) -> str:
    """Return an identifier so that its owner recognises it and nobody else can use it.

    >>> masked("email", "marie.durand@example.fr")
    'm…@example.fr'
    >>> masked("phone", "+33612345678")
    '+33 … 78'
    """
    if not value:
        return "…"
    if identifier_type == "email" and "@" in value:
        name, _, domain = value.rpartition("@")
        return f"{name[:1]}…@{domain}"
    if identifier_type == "phone" and value.startswith("+") and len(value) > 8:
        return f"{value[:3]} … {value[-2:]}"
    prefix, separator, rest = value.rpartition(":")
    return f"{prefix}{separator}{rest[:2]}…" if len(rest) > 4 else f"{prefix}{separator}…"


def _months(moments: Sequence[datetime]) -> list[date]:
    """Return the first days of the months up to the last moment, two years at most."""
    if not moments:
        return []
    first, last = min(moments).astimezone(UTC), max(moments).astimezone(UTC)
    count = min((last.year - first.year) * 12 + last.month - first.month + 1, _MOST_MONTHS)
    numbers = [last.year * 12 + last.month - 1 - back for back in range(count)]
    return [date(number // 12, number % 12 + 1, 1) for number in reversed(numbers)]


def _grid(interactions: Sequence[Mapping[str, Any]], months: Sequence[date]) -> dict[str, Counter[date]]:
    """Count contacts by channel, the busiest first, and month."""
    grid: dict[str, Counter[date]] = {}
    for channel, _ in Counter(row["channel"] for row in interactions).most_common():
        grid[channel] = Counter(
            month
            for row in interactions
            if row["channel"] == channel
            and (month := row["occurred_at"].astimezone(UTC).date().replace(day=1)) in months
        )
    return grid


_IDENTIFIERS = """
    select
        identifier_type, identifier_value, identifier_key, source_names, first_seen_at,
        last_seen_at, record_count, is_shared
    from marts.customer_identifiers
    where customer_id = %s
    order by identifier_type, record_count desc, identifier_key
"""

_INTERACTIONS = """
    select interaction_id, conversation_id, channel, kind, direction, platform, intent, occurred_at, is_answered
    from marts.interactions
    where customer_id = %s
    order by occurred_at desc, interaction_id
"""

_ORDERS = """
    select order_number, ordered_at, sales_channel, status, total_amount, currency_code, line_count
    from marts.orders
    where customer_id = %s
    order by ordered_at desc, order_id
"""

_DECISIONS = """
    select
        contact_point_key, channel,
        concat_ws(', ', purpose, nullif(product_family, ''), nullif(recipient, '')) as purpose,
        decision, reason, basis, decision_valid_until
    from marts.contactability
    where customer_id = %s
    order by contact_point_key, channel, purpose, controller
"""

_RULES = """
    select rule, count(*) as link_count
    from marts.identity_links
    where customer_id = %s and not is_set_aside
    group by rule
    order by link_count desc, rule
"""
