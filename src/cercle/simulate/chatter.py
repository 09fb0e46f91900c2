"""What is said outside of service conversations: posts, comments, reviews, a backlash; notices, sales calls, visits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.clock import Ints, draw_instants, to_hours
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.orders import CANCELLED, PENDING, RETURNED, Orders
from cercle.simulate.people import CUSTOMER, STRANGER, People
from cercle.simulate.records import Records
from cercle.simulate.scripts import ROLES, TOPICS, Channel
from cercle.simulate.shop import CAMPAIGNS, PAGES, PLATFORMS, STORES
from cercle.simulate.steps import StepLog

__all__ = [
    "ADVICE",
    "COMMENT",
    "DESK",
    "MENTION",
    "PICK_UP",
    "POST",
    "REACTION",
    "RETURN",
    "REVIEW",
    "add_notices",
    "add_sales_calls",
    "add_social",
    "add_visits",
]

Array = npt.NDArray[Any]
POST, COMMENT, REPLY, MENTION, DIRECT_MESSAGE, REVIEW, REACTION = range(7)
DESK, ADVICE, PICK_UP, RETURN = range(4)
_TOPIC = {topic.name: index for index, topic in enumerate(TOPICS)}


def add_social(config: WorldConfig, people: People, accounts: Accounts, orders: Orders, log: StepLog) -> None:
    """Add what happens on networks, forums and review sites apart from service.

    Args:
        config: clock.
        people: the people.
        accounts: their accounts and the company's pages.
        orders: what reviews are about.
        log: receives the entries.
    """
    rng = config.rng("social")
    posts, post_page, post_time = _page_posts(rng, config, log)
    _reactions(rng, config, people, accounts, (posts, post_page, post_time), log)
    _mentions(rng, config, people, accounts, log)
    _reviews(rng, config, people, accounts, orders, log)
    _backlash(rng, config, people, accounts, log)


def _page_posts(rng: np.random.Generator, config: WorldConfig, log: StepLog) -> tuple[Array, Array, Ints]:
    pages = np.array([index for index, page in enumerate(PAGES) if page[0] not in {"forum", "review_site"}])
    days = np.arange(config.start // DAY + 1, config.end // DAY)
    day = np.repeat(days, len(pages))
    page = np.tile(pages, len(days))
    kept = rng.random(len(day)) < 0.35
    day, page = day[kept], page[kept]
    time = np.minimum(draw_instants(rng, day, "office"), config.end - 60)
    campaign = np.full(len(day), -1)
    for index, entry in enumerate(CAMPAIGNS):
        begin = config.start // DAY + int(entry.begin * config.days)
        inside = (day >= begin) & (day < begin + entry.days) & (entry.channel == "social")
        campaign = np.where(inside & (rng.random(len(day)) < 0.5), index, campaign)
    brand = np.array([entry[1] for entry in PAGES])[page]
    serials = log.add(
        len(day), time=time, channel=Channel.PUBLIC, is_company=1, role=ROLES.index("post"), kind=POST, account=page,
        brand=brand, campaign=campaign, agent=rng.integers(0, 6, len(day)),
    )  # fmt: skip
    return serials, page, time


def _reactions(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    accounts: Accounts,
    posts: tuple[Array, Array, Ints],
    log: StepLog,
) -> None:
    """Likes and comments below the pages' posts; some people answer each other there."""
    serials, page, time = posts
    platform_of_page = np.array([PLATFORMS.index(entry[0]) for entry in PAGES])
    owners = np.flatnonzero(accounts.person >= 0)
    zeal = rng.pareto(1.6, len(owners)).clip(0, 12)
    numbers = rng.poisson(7.6 * zeal / zeal.mean() * config.days / 365)
    account = np.repeat(owners, numbers)
    platform = accounts.platform[account]
    target = np.full(len(account), -1)
    for code in np.unique(platform_of_page[page]).tolist():
        here = np.flatnonzero(platform == code)
        pool = np.flatnonzero(platform_of_page[page] == code)
        target[here] = pool[rng.integers(0, len(pool), len(here))]
    account, target = account[target >= 0], target[target >= 0]
    person = accounts.person[account]
    when = time[target] + (np.exp(rng.normal(9.5, 1.3, len(target)))).astype(np.int64)
    fits = (when < config.end) & (when > people.since[person])
    account, target, person, when = account[fits], target[fits], person[fits], when[fits]
    is_comment = rng.random(len(target)) < 0.28
    topic = rng.choice(
        [_TOPIC["praise"], _TOPIC["stock"], _TOPIC["price"], _TOPIC["tablet_app"]],
        len(target),
        p=[0.62, 0.18, 0.14, 0.06],
    )
    thread, brand = -2 - serials[target], np.array([entry[1] for entry in PAGES])[page[target]]
    entries = log.add(
        len(target), time=when, person=person, channel=Channel.PUBLIC, role=ROLES.index("open"), account=account,
        kind=np.where(is_comment, COMMENT, REACTION), reply_to=serials[target], thread=thread,
        topic=np.where(is_comment, topic, -1), language=people.language[person], brand=brand,
    )  # fmt: skip
    spoken = np.flatnonzero(is_comment)
    heard = tuple(part[spoken] for part in (entries, account, when, topic, thread, brand))
    _answers_among_people(rng, config, people, accounts, heard, log)


def _answers_among_people(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    accounts: Accounts,
    comments: tuple[Array, ...],
    log: StepLog,
) -> None:
    """People answer comments of others on the same network; a few voices draw most answers."""
    serials, account, when, topic, thread, brand = comments
    drawn = np.flatnonzero(rng.random(len(serials)) < 0.25)
    drawn = np.concatenate([drawn, np.repeat(np.flatnonzero(account % 13 == 0), 2)])
    platform = accounts.platform[account[drawn]]
    other = np.full(len(drawn), -1)
    for code in np.unique(platform).tolist():
        here = np.flatnonzero(platform == code)
        pool = np.flatnonzero((accounts.platform == code) & (accounts.person >= 0))
        other[here] = pool[rng.integers(0, len(pool), len(here))]
    time = when[drawn] + (np.exp(rng.normal(8.5, 1.2, len(drawn)))).astype(np.int64)
    person = accounts.person[other]
    fits = (time < config.end) & (other != account[drawn]) & (people.since[person] < time)
    drawn, other, time, person = drawn[fits], other[fits], time[fits], person[fits]
    log.add(
        len(drawn), time=time, person=person, channel=Channel.PUBLIC, role=ROLES.index("echo"), account=other,
        kind=COMMENT, reply_to=serials[drawn], thread=thread[drawn], topic=topic[drawn],
        language=people.language[person], brand=brand[drawn],
    )  # fmt: skip


def _mentions(
    rng: np.random.Generator, config: WorldConfig, people: People, accounts: Accounts, log: StepLog
) -> None:
    """Free mentions of the brand, and posts in its forum where many ask for the same thing."""
    owners = np.flatnonzero((accounts.person >= 0) & (accounts.platform != PLATFORMS.index("review_site")))
    account = np.repeat(owners, rng.poisson(0.9 * config.days / 365, len(owners)))
    person = accounts.person[account]
    day = config.start // DAY + 1 + (rng.random(len(account)) * (config.days - 2)).astype(np.int64)
    when = draw_instants(rng, day, "online")
    fits = (when < config.end) & (when > people.since[person])
    account, person, when = account[fits], person[fits], when[fits]
    is_forum = accounts.platform[account] == PLATFORMS.index("forum")
    place = (when - config.start) / (config.end - config.start)
    wishes = is_forum & (place < 0.7) & (rng.random(len(account)) < 0.55)
    topic = rng.choice(
        [_TOPIC["praise"], _TOPIC["price"], _TOPIC["store_service"], _TOPIC["stock"]],
        len(account),
        p=[0.5, 0.2, 0.15, 0.15],
    )
    log.add(
        len(account), time=when, person=person, channel=Channel.PUBLIC, role=ROLES.index("open"), account=account,
        kind=np.where(is_forum, POST, MENTION), topic=np.where(wishes, _TOPIC["tablet_app"], topic),
        language=people.language[person], brand=(rng.random(len(account)) < 0.2),
    )  # fmt: skip


def _reviews(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    accounts: Accounts,
    orders: Orders,
    log: StepLog,
) -> None:
    """Reviews of orders, with stars; the company answers half of the bad ones."""
    reviewer = np.where(orders.person >= 0, accounts.reviewer[orders.person], -1)
    order = np.flatnonzero((reviewer >= 0) & (rng.random(len(orders)) < 0.3))
    when = orders.delivered_at[order] + (rng.gamma(1.5, 3, len(order)) * DAY).astype(np.int64)
    order, when = order[when < config.end], when[when < config.end]
    person, account = orders.person[order], reviewer[order]
    rating = rng.choice([1, 2, 3, 4, 5], len(order), p=[0.13, 0.09, 0.14, 0.27, 0.37])
    is_bad = rating <= 2
    topic = np.where(
        is_bad,
        rng.choice([_TOPIC["delivery"], _TOPIC["product_defect"], _TOPIC["price"]], len(order)),
        _TOPIC["praise"],
    )
    serials = log.add(
        len(order), time=when, person=person, channel=Channel.PUBLIC, role=ROLES.index("open"), kind=REVIEW,
        account=account,
        topic=topic, rating=rating, order=order, names_order=rng.random(len(order)) < 0.4,
        language=people.language[person],
        brand=orders.brand[order],
    )  # fmt: skip
    answers = np.flatnonzero(is_bad & (rng.random(len(order)) < 0.5))
    back = when[answers] + (rng.gamma(1.5, 1.2, len(answers)) * DAY).astype(np.int64) + 3600
    answers, back = answers[back < config.end], back[back < config.end]
    log.add(
        len(answers), time=back, person=person[answers], channel=Channel.PUBLIC, is_company=1,
        role=ROLES.index("reply"),
        kind=REPLY, account=account[answers], reply_to=serials[answers], topic=topic[answers], order=order[answers],
        language=people.language[person[answers]], brand=orders.brand[order[answers]], agent=rng.integers(0, 50,
        len(answers)),
    )  # fmt: skip


def _backlash(
    rng: np.random.Generator, config: WorldConfig, people: People, accounts: Accounts, log: StepLog
) -> None:
    """Anger at the television spot, most of it from strangers, within days of its first showing."""
    index, campaign = next((i, entry) for i, entry in enumerate(CAMPAIGNS) if entry.is_backlash)
    begin = config.start + int(campaign.begin * config.days) * DAY + 20 * 3600
    owners = np.flatnonzero((accounts.person >= 0) & (accounts.platform <= 4))
    kinds = people.kind[accounts.person[owners]]
    size = max(40, config.customers // 40)
    weights = np.where(kinds == STRANGER, 6.0, 1.0)
    account = owners[rng.choice(len(owners), size, p=weights / weights.sum())]
    when = begin + (rng.exponential(1.1, size) * DAY).astype(np.int64)
    person = accounts.person[account]
    fits = when < config.end
    account, person, when = account[fits], person[fits], when[fits]
    log.add(
        len(account), time=when, person=person, channel=Channel.PUBLIC, role=ROLES.index("angry"), account=account,
        kind=MENTION, topic=_TOPIC["campaign"], campaign=np.where(rng.random(len(account)) < 0.12, index, -1),
        language=people.language[person],
    )  # fmt: skip


def add_notices(config: WorldConfig, people: People, orders: Orders, log: StepLog) -> None:
    """Add the automatic mails and text messages about orders.

    Args:
        config: clock.
        people: the people.
        orders: the orders.
        log: receives the entries.
    """
    rng = config.rng("notices")
    is_remote = (orders.channel != 0) & (orders.person >= 0)
    is_sent = is_remote & (orders.status != PENDING) & (orders.status != CANCELLED)
    own = people.email_at(np.maximum(orders.person, 0), orders.ordered_at)
    mailbox = np.where(orders.email >= 0, orders.email, own)
    nothing = np.full(len(orders), -1)
    before = orders.delivered_at - 20 * 3600
    for when, chosen, email, phone, chance in (
        (orders.ordered_at + 45, is_remote, mailbox, nothing, 1.0),
        (before, is_sent, mailbox, nothing, 0.92),
        (before, is_sent, nothing, orders.phone, 0.6),
    ):
        time = np.maximum(when + rng.integers(0, 60, len(orders)), orders.ordered_at + 30)
        time = time if phone is nothing else to_hours(rng, time, 8, 21)
        reaches = (email >= 0) | (phone >= 0)
        order = np.flatnonzero(chosen & reaches & (rng.random(len(orders)) < chance) & (time < config.end))
        person = orders.person[order]
        log.add(
            len(order), time=time[order], person=person, is_company=1, role=ROLES.index("notice"), order=order,
            channel=Channel.MAIL if phone is nothing else Channel.SMS, email=email[order], phone=phone[order],
            language=people.language[person], brand=orders.brand[order], names_order=1, is_automatic=1,
            thread=-2 - order,
        )  # fmt: skip


def add_sales_calls(config: WorldConfig, people: People, records: Records, log: StepLog) -> None:
    """Add the calls of the telephone campaigns; half of them reach somebody.

    Args:
        config: clock.
        people: the people.
        records: customer records, whose numbers are called.
        log: receives the entries.
    """
    rng = config.rng("sales calls")
    for index, campaign in enumerate(CAMPAIGNS):
        if campaign.channel != "phone":
            continue
        begin = config.start // DAY + int(campaign.begin * config.days)
        record = np.flatnonzero(
            (records.phone >= 0) & (records.created_at < begin * DAY) & (rng.random(len(records)) < 0.04)
        )
        day = begin + rng.integers(0, campaign.days, len(record))
        when = draw_instants(rng, day, "phone")
        record, when = record[when < config.end], when[when < config.end]
        person = records.person[record]
        log.add(
            len(record), time=when, person=person, channel=Channel.CALL, is_company=1,
            role=ROLES.index("offer"), record=record,
            phone=records.phone[record], campaign=index, language=people.language[person], brand=campaign.brand,
            agent=rng.integers(50, 60, len(record)), is_answered=rng.random(len(record)) < 0.5,
        )  # fmt: skip


def add_visits(config: WorldConfig, people: People, records: Records, orders: Orders, log: StepLog) -> None:
    """Add identified visits to stores: advice, parcels picked up, goods brought back.

    Args:
        config: clock.
        people: the people.
        records: customer records.
        orders: the orders.
        log: receives the entries.
    """
    rng = config.rng("visits")
    shops = np.array([index for index, store in enumerate(STORES) if store.kind == "store"])
    best = np.maximum.reduce(records.by_kind)
    rate = np.where(people.kind == CUSTOMER, 4.1 * people.activity, 0) * config.days / 365
    person = np.repeat(np.arange(len(people)), rng.poisson(rate))
    day = config.start // DAY + 1 + (rng.random(len(person)) * (config.days - 2)).astype(np.int64)
    usual = records.store[best[person]]
    store = np.where(np.isin(usual, shops), usual, shops[rng.integers(0, len(shops), len(person))])
    _visit(
        rng,
        config,
        people,
        best,
        (person, draw_instants(rng, day, "shop"), store, np.full(len(person), -1)),
        ADVICE,
        log,
    )
    for kind, chosen in (
        (PICK_UP, (orders.channel != 0) & (orders.status == 0) & (rng.random(len(orders)) < 0.2)),
        (RETURN, (orders.status == RETURNED) & (rng.random(len(orders)) < 0.7)),
    ):
        order = np.flatnonzero(chosen & (orders.person >= 0))
        day = (orders.settled_at if kind == RETURN else orders.delivered_at)[order] // DAY
        where = shops[rng.integers(0, len(shops), len(order))]
        _visit(
            rng,
            config,
            people,
            best,
            (orders.person[order], draw_instants(rng, day, "shop"), where, order),
            kind,
            log,
        )


def _visit(
    rng: np.random.Generator, config: WorldConfig, people: People, best: Array, facts: tuple[Array, Ints, Array,
    Array], kind: int,
    log: StepLog,
) -> None:  # fmt: skip
    person, when, store, order = facts
    fits = (when < config.end) & (when > people.since[person])
    person, when, store, order = person[fits], when[fits], store[fits], order[fits]
    shows = rng.random(len(person))
    log.add(
        len(person), time=when, person=person, channel=Channel.DESK, role=ROLES.index("open"), kind=kind, store=store,
        order=order, names_order=order >= 0, record=np.where(shows < 0.8, best[person], -1),
        email=np.where(shows >= 0.8, people.email_at(person, when), -1),
        phone=np.where(shows >= 0.9, people.phone_at(person, when), -1), language=people.language[person],
        agent=rng.integers(0, 80, len(person)), brand=np.array([entry.brand for entry in STORES])[store],
    )  # fmt: skip
