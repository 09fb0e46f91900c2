"""The answers of M1–M28 once more, counted in plain Python from the planned facts: an oracle for tests alone.

Each function is one row of the market studies and gives key -> figures, as its analysis is to give them.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from cercle.paths import package_root
from market_facts import PARIS, Contact, Facts, Order, read_time

Answers = dict[Any, tuple[Any, ...]]


@dataclass(frozen=True)
class Question:
    """What an analysis and its oracle have in common.

    Attributes:
        key: columns of the analysis that name its rows.
        figures: columns that must be equal; added up over rows that share a key.
        is_part: whether the oracle has an answer for some of the rows alone.
    """

    oracle: Callable[[Facts], Answers]
    key: tuple[str, ...]
    figures: tuple[str, ...]
    is_part: bool = False


def inbound(facts: Facts) -> list[Contact]:
    return [contact for contact in facts.contacts if contact.is_inbound and not contact.is_automatic]


def grouped(items: Iterable[Any], key: Callable[[Any], Hashable]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _customers(items: Iterable[Contact | Order]) -> set[str]:
    return {item.customer for item in items if item.customer}


def m01(facts: Facts) -> Answers:
    return {
        (channel,): (
            len(contacts),
            sum(contact.customer in facts.completed for contact in contacts),
            sum(contact.customer is None for contact in contacts),
        )
        for channel, contacts in grouped(inbound(facts), lambda contact: contact.channel).items()
    }


def m02(facts: Facts) -> Answers:
    return {
        (control,): (count,)
        for control, count in Counter(contact.control for contact in inbound(facts)).items()
    }


def _hundredths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def own_values(facts: Facts) -> dict[str, Decimal]:
    """Net revenue of each customer in euros."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for order in facts.orders:
        if order.customer and order.is_revenue and order.currency == "EUR":
            found[order.customer] += order.amount
    return found


def m03(facts: Facts) -> Answers:
    """The customers below the median of own value whose referred customers bought for more, after the referral."""
    own = own_values(facts)
    named: dict[str, tuple[str, str, str]] = {}
    for row in facts.rows("customers"):
        referred = facts.customer_of.get(row["record_key"])
        referrer = facts.customer_of.get(f"customers:store:{row['referred_by_ref']}")
        if referred and referrer and referred != referrer:
            first = (row["created_at"], row["record_key"], referrer)
            named[referred] = min(
                named.get(referred, first), first, key=lambda entry: (read_time(entry[0]), entry[1])
            )
    influenced: dict[str, Decimal] = defaultdict(Decimal)
    for order in facts.orders:
        if order.customer in named and order.is_revenue and order.currency == "EUR":
            since, _, referrer = named[order.customer]
            if order.at >= read_time(since):
                influenced[referrer] += order.amount
    middle = median(own.get(customer, Decimal(0)) for customer in facts.completed)
    return {
        (customer,): (own.get(customer, Decimal(0)), amount)
        for customer, amount in influenced.items()
        if own.get(customer, Decimal(0)) < middle and amount > own.get(customer, Decimal(0))
    }


def m05(facts: Facts) -> Answers:
    """The last channel that a customer named, else the most used one; equal use goes to the one used last."""
    stated: dict[str, tuple[float, str, str]] = {}
    words = [
        (read_time(row["updated_at"]), row["record_key"], row["preferred_channel"])
        for row in facts.rows("customers") if row["preferred_channel"]
    ] + [
        (read_time(row["answered_at"]), row["record_key"], row["answer_text"])
        for row in facts.rows("survey_answers") if row["question_key"] == "preferred_channel"
    ]  # fmt: skip
    for at, key, channel in words:
        customer = facts.customer_of.get(key)
        if customer:
            word = (-at.timestamp(), key, channel)
            stated[customer] = min(stated.get(customer, word), word)
    found = Counter(("stated", channel) for _, _, channel in stated.values())
    spoken = [contact for contact in facts.contacts if contact.is_persons and contact.customer]
    for customer, contacts in grouped(spoken, lambda contact: contact.customer).items():
        if customer not in stated:
            uses = Counter(contact.channel for contact in contacts)
            last = {contact.channel: contact.at for contact in contacts}
            found["observed", max(sorted(uses), key=lambda channel: (uses[channel], last[channel]))] += 1
    return {key: (count,) for key, count in found.items()}


def _segments(facts: Facts) -> dict[str, str]:
    with (package_root() / "seeds/value/rfm_segments.csv").open(encoding="utf-8", newline="") as file:
        names = {
            (int(row["recency_score"]), int(row["frequency_score"])): row["segment"]
            for row in csv.DictReader(file)
        }

    def scores(measure: dict[str, float]) -> dict[str, int]:
        ordered = sorted(measure.values())
        return {
            who: 1 + min(4, 5 * bisect_left(ordered, value) // max(len(ordered) - 1, 1))
            for who, value in measure.items()
        }

    recency = scores({who: orders[-1].at.timestamp() for who, orders in facts.completed.items()})
    frequency = scores({who: len(orders) for who, orders in facts.completed.items()})
    return {who: names[recency[who], frequency[who]] for who in facts.completed}


def m07(facts: Facts) -> Answers:
    """Segments, and who would be none, some or much engaged in another degree without what he did on networks."""
    since = max(contact.at for contact in facts.contacts) - timedelta(days=365)
    recent = [contact for contact in inbound(facts) if contact.customer and contact.at > since]
    contacts = grouped(recent, lambda contact: contact.customer)
    segments = _segments(facts)
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for customer in set(facts.customer_of.values()):
        every = contacts.get(customer, [])
        social = sum(contact.channel == "social" for contact in every)
        degrees = [0 if count == 0 else 1 if count < 3 else 2 for count in (len(every), len(every) - social)]
        counts = found[segments.get(customer, "(no order)")]
        counts[0] += 1
        counts[1] += social > 0
        counts[2] += degrees[0] != degrees[1]
    costs = [row for row in facts.campaigns.values() if row["currency_code"] == "EUR"]
    total = sum(Decimal(row["cost_amount"]) for row in costs)
    share = sum(Decimal(row["cost_amount"]) for row in costs if row["channel"] == "social") / total
    return {(segment,): (*counts, _hundredths(100 * share)) for segment, counts in found.items()}


def m08(facts: Facts) -> Answers:
    web = {order.number for order in facts.orders if order.channel == "web"}
    asked = [contact for contact in inbound(facts) if contact.order in web and contact.kind != "pick_up"]
    groups = {**grouped(asked, lambda contact: contact.channel), "any channel": asked}
    return {
        (channel,): (len({contact.order for contact in contacts}), len(contacts))
        for channel, contacts in groups.items()
    }


def m09(facts: Facts) -> Answers:
    spoken = [contact for contact in facts.contacts if contact.is_persons]
    return {
        (channel,): (
            len(contacts),
            sum(contact.has_text for contact in contacts),
            sum(contact.reason is not None for contact in contacts),
        )
        for channel, contacts in grouped(spoken, lambda contact: contact.channel).items()
    }


def _day_counts(facts: Facts) -> dict[tuple[str | None, str | None], Counter[date]]:
    found: dict[tuple[str | None, str | None], Counter[date]] = defaultdict(Counter)
    for contact in facts.contacts:
        if contact.is_persons:
            found[contact.channel, None][contact.day] += 1
            if contact.reason:
                found[None, contact.reason][contact.day] += 1
    return found


def m11(facts: Facts) -> Answers:
    """Days with at least 10 contacts, twice the mean of the 28 days before, and 3 standard deviations above it."""
    found: Answers = {}
    today = facts.as_of.astimezone(PARIS).date()
    for (channel, topic), counts in _day_counts(facts).items():
        first = min(counts)
        for number in range(28, (today - first).days + 1):
            day = first + timedelta(days=number)
            before = [counts[day - timedelta(days=back)] for back in range(1, 29)]
            mean = sum(before) / 28
            deviation = (sum((count - mean) ** 2 for count in before) / 27) ** 0.5
            if counts[day] >= max(10, 2 * mean, mean + 3 * deviation):
                found[day, channel, topic] = (counts[day],)
    return found


def m13(facts: Facts) -> Answers:
    """Words that name a campaign, and words on networks in the first three days of a broadcast one."""
    voices = [
        contact for contact in facts.contacts
        if contact.is_persons and contact.is_public
    ]  # fmt: skip
    found: Answers = {}
    for number, row in facts.campaigns.items():
        named = sum(contact.is_persons and contact.campaign == number for contact in facts.contacts)
        begin = read_time(row["starts_at"])
        days = [(contact.at - begin) / timedelta(days=1) for contact in voices]
        is_broadcast = row["kind"] == "broadcast"
        found[number,] = (
            named,
            sum(0 <= day < 3 for day in days) if is_broadcast else None,
            _hundredths(Decimal(sum(-28 <= day < 0 for day in days) * 3) / 28) if is_broadcast else None,
        )
    return found


def m14(facts: Facts) -> Answers:
    groups = grouped(
        (order for order in facts.orders if order.is_revenue),
        lambda order: (order.channel, order.device, order.currency),
    )
    return {key: (len(orders), sum(order.amount for order in orders)) for key, orders in groups.items()}


def m26(facts: Facts) -> Answers:
    contacts = Counter(contact.brand for contact in inbound(facts))
    brands: dict[str, set[str]] = defaultdict(set)
    for order in facts.orders:
        if order.customer:
            brands[order.customer].add(order.brand)
    several = sum(len(theirs) > 1 for theirs in brands.values())
    groups = grouped(facts.orders, lambda order: (order.brand, order.currency))
    return {
        key: (
            sum(order.status == "completed" for order in orders),
            len(_customers(orders)),
            sum(order.amount for order in orders if order.is_revenue),
            contacts[key[0]],
            several,
        )
        for key, orders in groups.items()
    }


def m27(facts: Facts) -> Answers:
    """Cohorts by month of the first order, and who bought again in days 90 to 180."""
    newest = max(orders[-1].at for orders in facts.completed.values())
    found: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for orders in facts.completed.values():
        first = orders[0].at
        if first < newest - timedelta(days=180):
            month = first.astimezone(PARIS).date().replace(day=1)
            found[month][0] += 1
            found[month][1] += any(
                timedelta(days=90) <= order.at - first < timedelta(days=180) for order in orders
            )
    return {(month,): tuple(counts) for month, counts in found.items()}


def m28(facts: Facts) -> Answers:
    """Coded contacts of the last 90 days, and of the 90 before."""
    last = max(contact.day for contact in facts.contacts if contact.is_persons)
    coded = [contact for contact in facts.contacts if contact.is_persons and contact.reason]
    orders = [(last - order.at.astimezone(PARIS).date()).days // 90 for order in facts.orders]
    found: Answers = {}
    for topic, contacts in grouped(coded, lambda contact: contact.reason).items():
        ages = Counter((last - contact.day).days // 90 for contact in contacts)
        if ages[0] or ages[1]:
            found[topic,] = (ages[1], ages[0], orders.count(1), orders.count(0))
    return found


QUESTIONS_OF_CONTACTS: dict[str, Question] = {
    "m01_social_in_bi": Question(
        m01, ("channel",), ("contact_count", "customer_contact_count", "unlinked_contact_count")
    ),
    "m02_venue_control": Question(m02, ("venue_control",), ("inbound_count",)),
    "m03_influence_value": Question(m03, ("customer_id",), ("own_value_amount", "influenced_value_amount")),
    "m05_channel_preference": Question(m05, ("preference_basis", "channel"), ("customer_count",)),
    "m07_segmentation": Question(
        m07, ("segment",), ("customer_count", "with_social_signal_count", "moved_count", "social_cost_percent")
    ),
    "m08_contact_per_order": Question(m08, ("channel",), ("contacted_order_count", "contact_count")),
    "m09_verbatims": Question(m09, ("channel",), ("contact_count", "text_count", "topic_count")),
    "m11_crisis": Question(m11, ("day_date", "channel", "topic"), ("contact_count",)),
    "m13_campaign_backlash": Question(
        m13, ("campaign_number",), ("reaction_count", "first_days_voice_count", "first_days_baseline_count")
    ),
    "m14_product_ideas": Question(m14, ("sales_channel", "device", "currency_code"), ("order_count", "net_amount")),
    "m26_brands": Question(
        m26, ("brand_id", "currency_code"),
        ("order_count", "customer_count", "net_amount", "contact_count", "customers_of_several_brands_count"),
    ),
    "m27_loyalty": Question(m27, ("cohort_month_date",), ("customer_count", "retained_count")),
    "m28_root_cause": Question(
        m28, ("topic",), ("before_contact_count", "after_contact_count", "before_order_count", "after_order_count")
    ),
}  # fmt: skip
