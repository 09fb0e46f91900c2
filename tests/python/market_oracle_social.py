"""The oracle's answers about networks, campaigns and who people are (M10, M15 to M25); see market_oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from market_facts import PARIS, Contact, Facts
from market_oracle import Answers, Question, grouped, inbound, own_values

MOBILE = {"mobile", "tablet"}
WINDOW = timedelta(days=30)


def _credits(amount: Decimal, touches: int) -> list[tuple[Decimal, ...]]:
    """What four models give each of so many touches: to the last, the first, all alike, and by position."""
    if touches == 0:
        return [(amount,) * 4]
    linear = [Fraction(1, touches)] * touches
    middle = [Fraction(1, 5) / max(touches - 2, 1)] * (touches - 2)
    position = [Fraction(2, 5), *middle, Fraction(2, 5)] if touches > 2 else linear
    last, first = [*[Fraction(0)] * (touches - 1), Fraction(1)], [Fraction(1), *[Fraction(0)] * (touches - 1)]

    def parts(shares: list[Fraction]) -> list[Decimal]:
        until = [Fraction(amount) * sum(shares[:number], Fraction(0)) for number in range(touches + 1)]
        cents = [_to_cents(value) for value in until]
        return [after - before for before, after in pairwise(cents)]

    return list(zip(*(parts(shares) for shares in (last, first, linear, position)), strict=True))


def _to_cents(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def m10(facts: Facts) -> Answers:
    """An order shared among the acts of its customer in the 30 days before it, its own coupon last; and the costs."""
    own = grouped((touch for touch in facts.acts if touch.order), lambda touch: touch.order)
    theirs = grouped((touch for touch in facts.acts if not touch.order), lambda touch: touch.customer)
    found: dict[tuple[str | None, ...], list[Any]] = defaultdict(
        lambda: [set(), *[Decimal(0)] * 4, None, None]
    )
    for order in facts.orders:
        if not order.is_revenue:
            continue
        before = [
            act for act in theirs.get(order.customer, [])
            if order.customer and act.at <= order.at < act.at + WINDOW
        ]  # fmt: skip
        touches = [*sorted(before, key=lambda act: (act.at, act.key)), *own.get(order.key, [])]
        for number, parts in enumerate(_credits(order.amount, len(touches))):
            campaign = facts.campaigns[touches[number].campaign] if touches else {"channel": "(no touch)"}
            figures = found[campaign["channel"], campaign.get("kind"), order.currency]
            figures[0].add(order.key)
            for place, amount in enumerate(parts, start=1):
                figures[place] += amount
    for row in facts.campaigns.values():
        figures = found[row["channel"], row["kind"], row["currency_code"]]
        figures[5] = (figures[5] or 0) + 1
        figures[6] = (figures[6] or 0) + Decimal(row["cost_amount"])
    return {key: (len(figures[0]), *figures[1:]) for key, figures in found.items()}


def _words_below(facts: Facts) -> list[tuple[str, str, Contact]]:
    """What people do with the company's accounts, and what others answer to that: account, kind, word."""
    direct = {word.key: word for word in inbound(facts) if word.account and word.is_public}
    echoes = [
        (direct[word.parent].account or "", "echo", word)
        for word in inbound(facts) if word.parent in direct
    ]  # fmt: skip
    return [(word.account or "", word.kind, word) for word in direct.values()] + echoes


def m15(facts: Facts) -> Answers:
    posts = Counter(
        contact.account for contact in facts.contacts
        if not contact.is_inbound and contact.kind == "post"
    )  # fmt: skip
    words = grouped(_words_below(facts), lambda word: word[0])
    return {
        (account,): (
            posts[account],
            sum(kind == "reaction" for _, kind, _ in words.get(account, [])),
            sum(kind not in {"reaction", "echo"} for _, kind, _ in words.get(account, [])),
            sum(kind == "echo" for _, kind, _ in words.get(account, [])),
            len({word.customer for _, _, word in words.get(account, []) if word.customer}),
        )
        for account in facts.accounts
    }


def m17(facts: Facts) -> Answers:
    """Values and customers of three attributes, of whom and from whichever record they are."""
    held: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for entity, names in (
        ("customers", ("birth_date", "gender", "preferred_channel")),
        ("requests", ("birth_date",)),
        ("contacts", ("birth_date",)),
    ):
        for row in facts.rows(entity):
            customer = facts.customer_of.get(row["record_key"])
            for name in names:
                if customer and row[name] and row[name] != "unknown":
                    held[name].add((customer, row[name]))
    return {
        (name,): (len(values), len({customer for customer, _ in values})) for name, values in held.items()
    }


def _known(facts: Facts) -> set[str]:
    """Customers of whom more is known than an account: an order, a register entry, an e-mail or a telephone."""
    found = set(facts.completed)
    for entity in facts.entities:
        for row in facts.rows(entity):
            if row["has_contact_point"] or entity == "customers":
                found.add(facts.customer_of.get(row["record_key"], ""))
    return found - {""}


def _linked(facts: Facts) -> set[str]:
    accounts = {
        facts.customer_of.get(row["record_key"]) for row in facts.rows("accounts")
        if row["is_brand_account"] != "true"
    }  # fmt: skip
    voices = {contact.customer for contact in inbound(facts) if contact.channel == "social"}
    return {customer for customer in accounts | voices if customer}


def m18(facts: Facts) -> Answers:
    return {("all",): (len(_known(facts)), len(_known(facts) & _linked(facts)))}


def m19(facts: Facts) -> Answers:
    """Who gave at least four stars of five, who at most two."""
    known = _known(facts)
    stars = [contact for contact in inbound(facts) if contact.rating is not None]
    good = {contact.customer for contact in stars if (contact.rating or 0) >= 0.8} & known
    bad = {contact.customer for contact in stars if (contact.rating or 1) <= 0.4} & known
    return {("stars",): (len(good), len(bad), len(good & bad))}


def m20(facts: Facts) -> Answers:
    touches = grouped(
        (contact for contact in inbound(facts) if contact.customer), lambda contact: contact.customer
    )
    orders = [order for theirs in facts.completed.values() for order in theirs]
    after = sum(
        any(
            touch.channel == "social" and touch.at < order.at <= touch.at + WINDOW
            for touch in touches.get(order.customer, [])
        )
        for order in orders
    )

    def converted(is_there: Callable[[Contact], bool]) -> tuple[int, int]:
        people = {who: [touch for touch in theirs if is_there(touch)] for who, theirs in touches.items()}
        people = {who: theirs for who, theirs in people.items() if theirs}
        bought = sum(
            any(facts.has_ordered_after(who, touch.at) for touch in theirs) for who, theirs in people.items()
        )
        return len(people), bought

    site = converted(lambda touch: touch.channel in {"web_form", "chat"})
    page = converted(lambda touch: touch.channel == "social" and touch.control in {"owned", "brand_run"})
    return {("all",): (len(orders), after, sum(order.channel == "social" for order in orders), *site, *page)}


def m22(facts: Facts) -> Answers:
    """Groups that book together by size: their number, their customers, and what each group's members bought."""
    own = own_values(facts)
    found: dict[tuple[str, int], list[Any]] = defaultdict(lambda: [0, 0, Decimal(0)])
    for members in grouped(facts.rows("group_bookings"), lambda row: row["booking_id"]).values():
        customers = [facts.customer_of.get(row["record_key"]) for row in members]
        figures = found["group", len(members)]
        figures[0] += 1
        figures[1] += len({customer for customer in customers if customer})
        figures[2] += sum(own.get(customer, Decimal(0)) for customer in customers if customer)
    return {key: tuple(figures) for key, figures in found.items()}


def m23(facts: Facts) -> Answers:
    devices = {
        "orders from a mobile": [order.device for order in facts.orders],
        "contacts from a mobile": [contact.device for contact in inbound(facts)],
    }
    found: Answers = {
        (figure,): (
            sum(device in MOBILE for device in seen),
            sum(device in {"desktop", *MOBILE} for device in seen),
        )
        for figure, seen in devices.items()
    }
    return {**found, ("linked account",): m18(facts)["all",][::-1]}


def m24(facts: Facts) -> Answers:
    """Contacts of each account and its answers; people and buyers are those of each account, added up."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 5)
    words = grouped((contact for contact in facts.contacts if contact.account), lambda word: word.account)
    for ref, account in facts.accounts.items():
        spoken = [word for word in words.get(ref, []) if word.is_persons]
        people = grouped((word for word in spoken if word.customer), lambda word: word.customer)
        figures = (
            1,
            len(spoken),
            sum(not word.is_inbound and word.parent is not None for word in words.get(ref, [])),
            len(people),
            sum(
                any(facts.has_ordered_after(who, word.at) for word in theirs)
                for who, theirs in people.items()
            ),
        )
        total = found[account["account_purpose"], account["platform"]]
        total[:] = [one + other for one, other in zip(total, figures, strict=True)]
    return {key: tuple(figures) for key, figures in found.items()}


def m25(facts: Facts) -> Answers:
    """Followers and views of each page and month, and what people did below its posts meanwhile."""
    months = grouped(facts.rows("page_daily"), lambda row: (row["page_ref"], row["day_date"][:7]))
    words = grouped(
        (word for word in inbound(facts) if word.account and word.is_public),
        lambda word: (word.account, f"{word.at.astimezone(PARIS):%Y-%m}"),
    )
    names = (
        "followers_gained_count", "followers_gained_by_promotion_count", "views_count", "views_by_promotion_count",
    )  # fmt: skip
    found: Answers = {}
    for (page, month), rows in months.items():
        heard = words.get((page, month), [])
        found[page, date.fromisoformat(f"{month}-01")] = (
            *(sum(int(row[name]) for row in rows) for name in names),
            len(heard),
            len({word.customer for word in heard if word.customer}),
            len({word.customer for word in heard if facts.has_ordered_after(word.customer, word.at)}),
        )
    return found


QUESTIONS_OF_NETWORKS: dict[str, Question] = {
    "m10_roi": Question(
        m10, ("channel", "kind", "currency_code"),
        (
            "order_count", "last_touch_amount", "first_touch_amount", "linear_amount", "position_amount",
            "campaign_count", "cost_amount",
        ),
    ),
    "m15_fan_pages": Question(
        m15, ("brand_account_id",), ("post_count", "reaction_count", "comment_count", "echo_count", "person_count")
    ),
    "m17_transparency": Question(m17, ("attribute",), ("value_count", "customer_count"), is_part=True),
    "m18_generations": Question(m18, ("generation",), ("customer_count", "linked_count"), is_part=True),
    "m19_boomerang": Question(m19, ("evidence",), ("good_count", "bad_count", "both_count"), is_part=True),
    "m20_commerce": Question(
        m20, ("generation",),
        (
            "order_count", "after_social_count", "on_social_count", "site_customer_count", "site_ordered_count",
            "page_customer_count", "page_ordered_count",
        ),
        is_part=True,
    ),
    "m22_collective": Question(
        m22, ("link", "member_count"), ("link_count", "customer_count", "net_revenue_amount"), is_part=True
    ),
    "m23_reach_mobile": Question(m23, ("figure",), ("found_count", "all_count")),
    "m24_presence": Question(
        m24, ("account_purpose", "platform"),
        ("account_count", "contact_count", "answer_count", "account_customer_count", "account_buyer_count"),
    ),
    "m25_bought_fans": Question(
        m25, ("brand_account_id", "month_date"),
        (
            "gained_count", "gained_by_promotion_count", "views_count", "views_by_promotion_count",
            "engagement_count", "engaged_customer_count", "buyer_count",
        ),
    ),
}  # fmt: skip
