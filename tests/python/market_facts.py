"""The planned facts of a simulated world as contacts, orders and pages of people: what the oracle of M1–M28 counts.

Nothing here comes from the marts but, where a test asks for it, who is taken for one customer: how well that is found
is judged apart (docs/measurements.md), and a count can then be right to the last one.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
Row = dict[str, str]


@dataclass(frozen=True)
class Contact:
    """Something said or done in a channel; `account` is the company's own that wrote, is addressed, or is answered."""

    key: str
    customer: str | None
    channel: str
    kind: str
    is_inbound: bool
    is_automatic: bool
    at: datetime
    brand: str | None
    order: str | None
    has_text: bool = True
    platform: str | None = None
    control: str = "owned"
    device: str | None = None
    campaign: str | None = None
    reason: str | None = None
    rating: float | None = None
    account: str | None = None
    parent: str | None = None
    taken_at: datetime | None = None

    @property
    def is_public(self) -> bool:
        return self.channel == "social" and self.kind != "direct_message"

    @property
    def day(self) -> date:
        return self.at.astimezone(PARIS).date()

    @property
    def is_persons(self) -> bool:
        """A contact of a person: no machine's, no reaction."""
        return self.is_inbound and not self.is_automatic and self.kind != "reaction"


@dataclass(frozen=True)
class Touch:
    """An act of a person about a campaign; the order where a coupon or link of its own names it."""

    key: str
    customer: str | None
    campaign: str
    at: datetime
    order: str | None = None


@dataclass(frozen=True)
class Order:
    key: str
    number: str
    customer: str | None
    at: datetime
    status: str
    channel: str
    device: str
    brand: str
    campaign: str | None
    currency: str
    amount: Decimal

    @property
    def is_revenue(self) -> bool:
        return self.status in {"completed", "returned"}


class Facts:
    """The facts of a world.

    Args:
        truth: folder of the truth.
        customer_of: record key -> customer; None for the people of the truth themselves.
        as_of: end of the world.
    """

    def __init__(self, truth: Path, as_of: datetime, customer_of: Mapping[str, str] | None = None) -> None:
        self._folder, self.as_of = truth / "facts", as_of
        if customer_of is None:
            with (truth / "record_people.csv").open(encoding="utf-8", newline="") as file:
                customer_of = {row["record_key"]: row["person_id"] for row in csv.DictReader(file)}
        self.customer_of = customer_of

    @property
    def entities(self) -> list[str]:
        """Names of the entities that have facts."""
        return sorted(path.stem for path in self._folder.glob("*.csv"))

    def rows(self, entity: str) -> list[Row]:
        with (self._folder / f"{entity}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @cached_property
    def contacts(self) -> list[Contact]:
        found = [
            *self._social(), *self._mails(), *self._calls(), *self._callbacks(), *self._visits(), *self._others(),
        ]  # fmt: skip
        return sorted(found, key=lambda contact: (contact.at, contact.key))

    @cached_property
    def orders(self) -> list[Order]:
        return [
            Order(
                row["record_key"], row["order_id"], self.customer_of.get(row["record_key"]),
                read_time(row["ordered_at"]), row["status"], row["sales_channel"], row["device"], row["brand_id"],
                row["campaign_id"] or None, row["currency_code"], Decimal(row["total_amount"]),
            )
            for row in self.rows("orders")
        ]  # fmt: skip

    @cached_property
    def completed(self) -> dict[str, list[Order]]:
        """Completed orders of each customer, by time."""
        found: dict[str, list[Order]] = {}
        for order in sorted(self.orders, key=lambda order: order.at):
            if order.customer and order.status == "completed":
                found.setdefault(order.customer, []).append(order)
        return found

    @cached_property
    def campaigns(self) -> dict[str, Row]:
        return {row["campaign_id"]: row for row in self.rows("campaigns")}

    @cached_property
    def accounts(self) -> dict[str, Row]:
        """The company's own accounts."""
        return {row["account_ref"]: row for row in self.rows("accounts") if row["is_brand_account"] == "true"}

    @cached_property
    def acts(self) -> list[Touch]:
        """Clicks, answered calls, words on networks and coupons of campaigns."""
        clicks = [
            Touch(*self._common(row), row["campaign_id"], read_time(row["occurred_at"]))
            for row in self.rows("campaign_events")
            if row["kind"] == "click"
        ]
        words = [
            Touch(contact.key, contact.customer, contact.campaign, contact.at)
            for contact in self.contacts
            if contact.campaign
            and (
                (contact.channel == "phone" and not contact.is_inbound and contact.taken_at)
                or (contact.channel == "social" and contact.is_inbound)
            )
        ]
        coupons = [
            Touch(order.key, order.customer, order.campaign, order.at, order.key)
            for order in self.orders
            if order.campaign
        ]
        return [*clicks, *words, *coupons]

    def has_ordered_after(self, customer: str | None, at: datetime, days: int = 30) -> bool:
        """Whether a customer completed an order within so many days."""
        orders = self.completed.get(customer or "", [])
        return any(0 < (order.at - at).total_seconds() <= days * 86_400 for order in orders)

    def _common(self, row: Row) -> tuple[str, str | None]:
        return row["record_key"], self.customer_of.get(row["record_key"])

    def _social(self) -> list[Contact]:
        rows = self.rows("interactions")
        writers = {row["record_key"]: row for row in rows}
        found = []
        for row in rows:
            parent = f"interactions:social:{row['parent_id']}" if row["parent_id"] else None
            own = row["author_ref"] if row["is_from_brand"] == "true" else None
            if own is None and row["recipient_ref"] in self.accounts:
                own = row["recipient_ref"]
            if own is None and parent in writers and writers[parent]["is_from_brand"] == "true":
                own = writers[parent]["author_ref"]
            found.append(
                Contact(
                    *self._common(row), "social", row["kind"], row["is_from_brand"] != "true", False,
                    read_time(row["occurred_at"]), row["brand_id"] or None, row["order_id"] or None,
                    has_text=row["kind"] != "reaction", platform=row["platform"], control=row["venue_control"],
                    campaign=row["campaign_id"] or None,
                    rating=float(row["rating"]) / 5 if row["rating"] else None, account=own, parent=parent,
                )
            )  # fmt: skip
        return found

    def _mails(self) -> list[Contact]:
        return [
            Contact(
                *self._common(row), "email", "message", row["direction"] == "inbound", row["is_automatic"] == "true",
                read_time(row["occurred_at"]), row["brand_id"] or None, row["order_id"] or None,
                campaign=row["campaign_id"] or None,
            )
            for row in self.rows("messages")
        ]  # fmt: skip

    def _calls(self) -> list[Contact]:
        return [
            Contact(
                *self._common(row), "phone", "call", row["direction"] == "inbound", False, read_time(row["started_at"]),
                row["brand_id"] or None, row["order_id"] or None, has_text=row["transcript"] == "true",
                campaign=row["campaign_id"] or None, reason=row["reason"] or None,
                taken_at=_time_or_none(row["answered_at"]),
            )
            for row in self.rows("calls")
        ]  # fmt: skip

    def _callbacks(self) -> list[Contact]:
        return [
            Contact(
                *self._common(row), "phone", "callback", True, False, read_time(row["requested_at"]),
                row["brand_id"] or None, row["order_id"] or None, taken_at=_time_or_none(row["honoured_at"]),
            )
            for row in self.rows("callbacks")
        ]  # fmt: skip

    def _visits(self) -> list[Contact]:
        return [
            Contact(
                *self._common(row), "store", row["kind"], True, False, read_time(row["occurred_at"]),
                row["brand_id"] or None, row["order_id"] or None, has_text=row["note"] == "true",
                taken_at=read_time(row["occurred_at"]),
            )
            for row in self.rows("visits")
        ]  # fmt: skip

    def _others(self) -> list[Contact]:
        return [
            Contact(
                *self._common(row), row["channel"], "message", row["direction"] == "inbound",
                row["is_automatic"] == "true", read_time(row["occurred_at"]), row["brand_id"] or None,
                row["order_id"] or None, device=row["device"] or None,
                control="third_party" if row["channel"] == "authority" else "owned",
            )
            for row in self.rows("contacts")
        ]  # fmt: skip


def read_time(text: str) -> datetime:
    """Return an instant as the facts write it."""
    return datetime.fromisoformat(text)


def _time_or_none(text: str) -> datetime | None:
    return read_time(text) if text else None
