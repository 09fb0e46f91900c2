"""Says why two records are one customer, or why they are not: the shortest chain of rules and evidence."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from cercle.errors import CercleError
from cercle.identity.masking import masked

__all__ = ["Explanation", "Step", "explain_customer", "explain_records"]

_LINKS = """
    select
        links.record_key,
        links.link_node,
        links.identifier_type,
        identifiers.identifier_value,
        links.rule,
        links.evidence,
        links.score::float8,
        links.is_set_aside,
        links.set_aside_reason,
        links.identifier_key
    from marts.identity_links as links
    left join lateral (
        select customer_identifiers.identifier_value
        from marts.customer_identifiers
        where
            customer_identifiers.identifier_type = links.identifier_type
            and customer_identifiers.identifier_key = links.identifier_key
        limit 1
    ) as identifiers on true
"""


@dataclass(frozen=True)
class Link:
    """One row of marts.identity_links."""

    record: str
    node: str | None
    identifier_type: str
    value: str | None
    rule: str
    evidence: str | None
    score: float
    is_set_aside: bool
    reason: str | None
    key: str


@dataclass(frozen=True)
class Step:
    """Two records that share an identifier.

    Attributes:
        from_record: the one.
        to_record: the other.
        rule: the rule that joins them.
        identifier_type: type of what they share.
        value: what they share, masked unless it was asked for in clear; None for names and decisions.
        evidence: what speaks for it.
        score: strength of the weaker side, 0 to 1.
    """

    from_record: str
    to_record: str
    rule: str
    identifier_type: str
    value: str | None
    evidence: str | None
    score: float


@dataclass(frozen=True)
class Explanation:
    """Why records belong together, or do not.

    Attributes:
        is_same: whether they are one customer.
        customers: the customer of each record that was asked for, None for a record without one.
        steps: the chain; for a whole customer, how each record hangs on the one before it, the oldest first.
        set_aside: what both records have and yet does not join them, with the reason; for a customer, all that was
            set aside on its records.
    """

    is_same: bool
    customers: tuple[str | None, ...]
    steps: tuple[Step, ...]
    set_aside: tuple[Mapping[str, str | None], ...]


def explain_records(
    connection: psycopg.Connection[Any], left: str, right: str, in_clear: bool = False
) -> Explanation:
    """Return the shortest chain of evidence between two source records.

    Args:
        connection: to a warehouse with a publication.
        left: a record key, for example customers:store:C000123.
        right: another.
        in_clear: show identifiers in clear.

    Raises:
        CercleError: a record is unknown.
    """
    show = _shower(in_clear)
    customers = (_customer_of(connection, left), _customer_of(connection, right))
    if customers[0] is not None and customers[0] == customers[1]:
        links = _read(connection, "where links.customer_id = %s", (customers[0],))
        return Explanation(True, customers, tuple(_chain(links, left, right, show)), ())
    both = _read(connection, "where links.record_key = any(%s)", ([left, right],))
    return Explanation(False, customers, (), tuple(_shared_in_vain(both, show)))


def explain_customer(
    connection: psycopg.Connection[Any], customer_id: str, in_clear: bool = False
) -> Explanation:
    """Return how the records of a customer hang together. A retired id is followed to its successor.

    Args:
        connection: to a warehouse with a publication.
        customer_id: any id that was ever published.
        in_clear: show identifiers in clear.

    Raises:
        CercleError: no such id was ever published, or nothing is left of it.
    """
    show = _shower(in_clear)
    row = connection.execute("select identity.resolve('customer', %s)", (customer_id,)).fetchone()
    current = row[0] if row else customer_id
    records = [
        record
        for (record,) in connection.execute(
            """
            select record_key
            from identity.record_customers
            where customer_id = %s and known_to = 'infinity'
            order by valid_from, record_key
            """,
            (current,),
        )
    ]
    if not records:
        raise CercleError(
            f"No customer has the id {customer_id}", where="identity.ids", remedy="Look it up in customer_360"
        )
    links = _read(connection, "where links.customer_id = %s", (current,))
    set_aside = tuple(
        {
            "record": link.record,
            "identifier_type": link.identifier_type,
            "value": show(link),
            "reason": link.reason,
        }
        for link in links
        if link.is_set_aside
    )
    return Explanation(True, (current,), tuple(_tree(links, records[0], show).values()), set_aside)


def _read(connection: psycopg.Connection[Any], condition: str, values: tuple[object, ...]) -> list[Link]:
    rows = connection.execute(f"{_LINKS} {condition} order by links.identity_link_id".encode(), values)
    return [Link(*row) for row in rows]


def _customer_of(connection: psycopg.Connection[Any], record: str) -> str | None:
    row = connection.execute(
        "select customer_id from identity.record_customers where record_key = %s and known_to = 'infinity'",
        (record,),
    ).fetchone()
    if row is not None:
        return str(row[0])
    known = connection.execute(
        "select 1 from marts.identity_links where record_key = %s limit 1", (record,)
    ).fetchone()
    if known is None:
        raise CercleError(
            f"No published record has the key {record}",
            where="marts.identity_links",
            remedy="Write it as entity:source:key, for example customers:store:C000123",
        )
    return None


def _tree(links: Iterable[Link], start: str, show: Callable[[Link], str | None]) -> dict[str, Step]:
    """Search in breadth from one record: for each other one, the last step of a shortest chain to it.

    Of several shortest chains the one whose links are stronger comes first, then the one that sorts first.
    """
    by_record: dict[str, list[Link]] = defaultdict(list)
    by_node: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        if link.node is not None and not link.is_set_aside:
            by_record[link.record].append(link)
            by_node[link.node].append(link)
    steps: dict[str, Step] = {}
    seen_nodes: set[str] = set()
    waiting = deque([start])
    while waiting:
        record = waiting.popleft()
        for link in sorted(by_record[record], key=lambda one: (-one.score, one.identifier_type, one.key)):
            if link.node is None or link.node in seen_nodes:
                continue
            seen_nodes.add(link.node)
            for other in sorted(by_node[link.node], key=lambda one: one.record):
                if other.record == start or other.record in steps:
                    continue
                steps[other.record] = Step(
                    from_record=record,
                    to_record=other.record,
                    rule=other.rule,
                    identifier_type=link.identifier_type,
                    value=show(link),
                    evidence=link.evidence,
                    score=min(link.score, other.score),
                )
                waiting.append(other.record)
    return steps


def _chain(links: Iterable[Link], left: str, right: str, show: Callable[[Link], str | None]) -> list[Step]:
    steps = _tree(links, left, show)
    chain: list[Step] = []
    record = right
    while record != left and record in steps:
        chain.append(steps[record])
        record = steps[record].from_record
    return chain[::-1]


def _shared_in_vain(
    links: Iterable[Link], show: Callable[[Link], str | None]
) -> Iterable[Mapping[str, str | None]]:
    """Identifiers that both records have, and the reason why they do not join them."""
    by_identifier: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in links:
        by_identifier[link.identifier_type, link.key].append(link)
    for (identifier_type, _), shared in sorted(by_identifier.items()):
        if len({link.record for link in shared}) < 2:
            continue
        reasons = sorted({link.reason for link in shared if link.reason})
        yield {
            "identifier_type": identifier_type,
            "value": show(shared[0]),
            "reason": ", ".join(reasons) or "people_of_different_names",
        }


def _shower(in_clear: bool) -> Callable[[Link], str | None]:
    return lambda link: link.value if in_clear else masked(link.identifier_type, link.value)
