"""Orders and till receipts: who buys what, where, when, for how much, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.clock import Ints, draw_instants
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.people import CUSTOMER, People
from cercle.simulate.records import LOYALTY, TILL, WEB, Records
from cercle.simulate.shop import CAMPAIGNS, PRODUCTS, STORES
from cercle.simulate.table import NULL_INT

__all__ = ["CHANNELS", "DEVICES", "STATUSES", "Orders", "app_opens", "make_orders"]

Array = npt.NDArray[Any]
CHANNELS = ("store", "web", "mobile_app", "social", "phone")
DEVICES = ("desktop", "mobile", "tablet", "till", "unknown")
STATUSES = ("completed", "cancelled", "returned", "pending")
COMPLETED, CANCELLED, RETURNED, PENDING = range(4)


@dataclass
class Orders:
    """One position per order; lines follow each other by order.

    Attributes:
        person: the buyer, -1 for an anonymous receipt.
        delivered_at: when the goods were handed over.
        settled_at: when the last version was written.
        line_order: order of each line.
        quantity, unit, discount, amount: of each line; money in cents, negative for a return.
        app_from: when the mobile application opened.
    """

    person: Array
    ordered_at: Ints
    delivered_at: Ints
    settled_at: Ints
    channel: Array
    device: Array
    status: Array
    store: Array
    brand: Array
    is_swiss: Array
    record: Array
    loyalty: Array
    email: Array
    phone: Array
    campaign: Array
    has_names: Array
    optout: Array
    total: Array
    placed_total: Array
    family: Array
    line_order: Array
    line_number: Array
    product: Array
    quantity: Array
    unit: Array
    discount: Array
    amount: Array
    is_return: Array
    app_from: int

    def __len__(self) -> int:
        return len(self.ordered_at)


def app_opens(config: WorldConfig) -> int:
    """Return the second from which the mobile application takes orders and messages."""
    return config.start + int(0.7 * (config.end - config.start))


def make_orders(config: WorldConfig, people: People, records: Records, accounts: Accounts) -> Orders:
    """Make the orders of a world.

    Args:
        config: clock and noise.
        people: the people; activity says how much they buy.
        records: their customer records.
        accounts: their accounts, for orders placed on a network.

    Returns:
        The orders with their lines.
    """
    rng = config.rng("orders")
    person, day = _who_and_when(rng, config, people)
    count = len(person)
    is_anonymous = person < 0
    who = np.maximum(person, 0)
    app_from = app_opens(config)
    channel = _channels(rng, config, people, accounts, (who, day, is_anonymous), app_from)
    at_shop = channel == 0
    instants = np.where(at_shop, draw_instants(rng, day, "shop"), draw_instants(rng, day, "online"))
    instants = np.where(channel == 4, draw_instants(rng, day, "phone"), instants)
    instants = np.clip(instants, config.start, config.end - 120)
    record, loyalty = _registers(rng, records, who, channel, is_anonymous, instants)
    brand = np.where(rng.random(count) < 0.75, records.brand[np.maximum(record, 0)], rng.random(count) < 0.25)
    brand = np.where(record < 0, rng.random(count) < 0.25, brand).astype(np.int8)
    brand, store, is_swiss = _places(rng, people, records, (who, instants, record, brand, at_shop))
    device = np.where(
        at_shop,
        3,
        np.where(
            channel == 2,
            rng.choice([1, 2], count, p=[0.7, 0.3]),
            rng.choice([0, 1, 2, 4], count, p=[0.5, 0.36, 0.1, 0.04]),
        ),
    )
    device = np.where(channel == 4, 4, device)
    gives = rng.random(count)
    email_share = np.array([0.10, 0.92, 0.6, 0.75, 0.35])[channel]
    phone_share = np.array([0.02, 0.45, 0.35, 0.3, 0.9])[channel]
    email = np.where(~is_anonymous & (gives < email_share), people.email_at(who, instants), -1)
    phone = np.where(~is_anonymous & (rng.random(count) < phone_share), people.phone_at(who, instants), -1)
    # An identified order shows at least one thing that identifies.
    is_bare = ~is_anonymous & (record < 0) & (email < 0) & (phone < 0)
    record = np.where(is_bare, np.maximum.reduce(records.by_kind)[who], record)
    campaign = _campaigns(rng, config, instants, brand, channel)
    lines = _lines(rng, config, instants, channel, is_swiss)
    status, delivered_at = _outcomes(rng, config, instants, channel)
    settled_at = delivered_at.copy()
    returned = _returns(rng, config, lines, status, settled_at, is_anonymous)
    line_order, line_number, product, quantity, unit, discount, amount, is_return = returned
    total = np.bincount(line_order, weights=amount, minlength=count).round().astype(np.int64)
    placed = (
        np.bincount(line_order[~is_return], weights=amount[~is_return], minlength=count)
        .round()
        .astype(np.int64)
    )
    product_family = np.array([item[2] for item in PRODUCTS])
    family = np.full(count, -1, dtype=np.int8)
    family[line_order[::-1]] = product_family[product[::-1]]
    optout = np.where((email >= 0) & (channel != 0), rng.random(count) < 0.8, rng.random(count) < 0.3).astype(
        np.int8
    )
    optout = np.where((email < 0) & (phone < 0), -1, optout)
    return Orders(
        person, instants, delivered_at, settled_at, channel.astype(np.int8), device.astype(np.int8), status,
        store.astype(np.int8),
        brand, is_swiss, record.astype(np.int32), loyalty.astype(np.int32), email.astype(np.int32),
        phone.astype(np.int32), campaign, (channel != 0) & ~is_anonymous, optout, total, placed, family,
        line_order, line_number, product, quantity, unit, discount, amount, is_return, app_from,
    )  # fmt: skip


def _channels(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    accounts: Accounts,
    rows: tuple[Array, Array, Array],
    app_from: int,
) -> Array:
    """Where each order is placed, by age; in the application once there is one."""
    who, day, is_anonymous = rows
    count = len(who)
    age = people.age_at(config.end)[who]
    band = np.where(age < 31, 0, np.where(age < 51, 1, 2))
    weights = np.array(
        [[0.42, 0.40, 0.0, 0.06, 0.02], [0.52, 0.36, 0.0, 0.02, 0.05], [0.68, 0.18, 0.0, 0.005, 0.12]]
    )
    cumulated = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    channel = (rng.random(count)[:, None] > cumulated[band]).sum(axis=1).clip(0, 4)
    is_app = (channel == 1) & (day * DAY > app_from) & (rng.random(count) < 0.42 - 0.1 * band)
    channel = np.where(is_app, 2, channel)
    channel = np.where((channel == 3) & (accounts.of_person[who] < 0), 1, channel)
    return np.where(is_anonymous, 0, channel)


def _places(
    rng: np.random.Generator,
    people: People,
    records: Records,
    rows: tuple[Array, Ints, Array, Array, Array],
) -> tuple[Array, Array, Array]:
    """Brand and store of each order, and whether it is paid in Swiss francs."""
    who, instants, record, brand, at_shop = rows
    count = len(who)
    address = people.address_at(who, instants)
    lives_swiss = np.array([place[3] == "CH" for place in people.addresses])[address]
    geneva = next(index for index, store in enumerate(STORES) if store.store_id == "S12")
    is_swiss = (lives_swiss & (rng.random(count) < 0.5)) | (at_shop & (rng.random(count) < 0.008))
    brand = np.where(is_swiss & at_shop, 0, brand).astype(np.int8)
    shops = [
        np.array([i for i, s in enumerate(STORES) if s.brand == b and s.kind == "store" and i != geneva])
        for b in (0, 1)
    ]
    near = records.store[np.maximum(record, 0)]
    is_usual = (record >= 0) & np.isin(near, np.concatenate(shops)) & (rng.random(count) < 0.8)
    drawn = [pool[rng.integers(0, len(pool), count)] for pool in shops]
    store = np.where(is_usual, near, np.where(brand == 0, drawn[0], drawn[1]))
    store = np.where(is_swiss, geneva, store)
    return brand, np.where(at_shop, store, np.where(brand == 0, 12, 13)), is_swiss


def _who_and_when(rng: np.random.Generator, config: WorldConfig, people: People) -> tuple[Array, Array]:
    """Draw buyers by their activity and days by season, week and campaigns; a quarter of receipts is anonymous."""
    buyers = np.flatnonzero(people.kind == CUSTOMER)
    rate = 5.2 * people.activity[buyers] * config.days / 365
    numbers = rng.poisson(rate)
    person = np.repeat(buyers, numbers)
    walk_in = round(len(person) * 0.16)
    first, last = config.start // DAY + 1, config.end // DAY
    days = np.arange(first, last)
    weight = _day_weights(config, days)
    cumulated = np.cumsum(weight) / weight.sum()
    day = days[np.searchsorted(cumulated, rng.random(len(person)), side="right").clip(0, len(days) - 1)]
    since = people.since[person] // DAY + 1
    early = day < since
    span = np.maximum(last - 1 - since, 0)
    day = np.where(
        early, np.minimum(since + (rng.random(len(person)) * (span + 1)).astype(np.int64), last - 1), day
    )
    walk_day = days[np.searchsorted(cumulated, rng.random(walk_in), side="right").clip(0, len(days) - 1)]
    person = np.concatenate([person, np.full(walk_in, -1)]).astype(np.int32)
    day = np.concatenate([day, walk_day])
    order = np.argsort(day, kind="stable")
    return person[order], day[order]


def _day_weights(config: WorldConfig, days: Array) -> Array:
    weekday = (days + 3) % 7
    weight = np.array([0.85, 0.9, 1.0, 1.0, 1.15, 1.5, 0.7])[weekday]
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    weight = weight * np.array([1.1, 0.9, 0.95, 0.95, 1.05, 1.05, 1.1, 0.75, 1.0, 1.0, 1.2, 1.7])[month]
    for campaign in CAMPAIGNS:
        begin = config.start // DAY + int(campaign.begin * config.days)
        weight = weight * np.where(
            (days >= begin) & (days < begin + min(campaign.days, 20)), 1 + 4 * campaign.effect, 1
        )
    grown: Array = weight * np.linspace(0.92, 1.08, len(days))
    return grown


def _registers(
    rng: np.random.Generator,
    records: Records,
    who: Array,
    channel: Array,
    is_anonymous: Array,
    instants: Ints,
) -> tuple[Array, Array]:
    """Which customer record and which card an order shows."""
    count = len(who)
    card = records.by_kind[LOYALTY][who]
    till = records.by_kind[TILL][who]
    web = records.by_kind[WEB][who]
    at_shop = (channel == 0) | (channel == 4)
    logs_in = rng.random(count) < 0.8
    record = np.where(at_shop, np.where(card >= 0, card, till), np.where(logs_in, web, -1))
    record = np.where(is_anonymous, -1, record)
    record = np.where((record >= 0) & (records.created_at[np.maximum(record, 0)] > instants), -1, record)
    shows_card = at_shop & (card >= 0) & (record == card) & (rng.random(count) < 0.8)
    loyalty = np.where(shows_card, card, -1)
    only_card = shows_card & (rng.random(count) < 0.5)
    return np.where(only_card, -1, record), loyalty


def _campaigns(
    rng: np.random.Generator, config: WorldConfig, instants: Ints, brand: Array, channel: Array
) -> Array:
    """The campaign that an order names by coupon or link."""
    chosen = np.full(len(instants), -1, dtype=np.int16)
    place = (instants - config.start) / (config.end - config.start)
    for index, campaign in enumerate(CAMPAIGNS):
        inside = (place >= campaign.begin) & (place < campaign.begin + (campaign.days + 5) / config.days)
        inside &= (brand == campaign.brand) & (
            (channel != 0) | (campaign.channel in {"letter", "store", "sms"})
        )
        chosen = np.where(inside & (rng.random(len(instants)) < 8 * campaign.effect), index, chosen)
    return chosen


def _lines(
    rng: np.random.Generator, config: WorldConfig, instants: Ints, channel: Array, is_swiss: Array
) -> tuple[Array, ...]:
    """Draw the lines of all orders: 2.2 on average, dearer in Swiss francs, cheaper in the sales."""
    count = len(instants)
    numbers = 1 + rng.poisson(1.2, count)
    line_order = np.repeat(np.arange(count), numbers)
    first = np.concatenate([[0], np.cumsum(numbers)[:-1]])
    line_number = np.arange(len(line_order)) - first[line_order] + 1
    product = np.minimum(
        (rng.random(len(line_order)) ** 1.6 * len(PRODUCTS)).astype(np.int32), len(PRODUCTS) - 1
    )
    product = (product * 97) % len(PRODUCTS)
    quantity = 1 + (rng.random(len(line_order)) < 0.14) + (rng.random(len(line_order)) < 0.04)
    price = np.array([item[3] for item in PRODUCTS])[product]
    unit = np.where(is_swiss[line_order], price * 112 // 100 // 5 * 5, price)
    place = ((instants - config.start) / (config.end - config.start))[line_order]
    is_sale = ((place > 0.19) & (place < 0.27)) | ((place > 0.64) & (place < 0.71))
    has_discount = rng.random(len(line_order)) < np.where(is_sale, 0.6, 0.14)
    percent = rng.choice([5, 10, 15, 20, 30, 40], len(line_order))
    discount = np.where(has_discount, unit * quantity * percent // 100, 0)
    return line_order, line_number, product, quantity, unit, discount


def _outcomes(
    rng: np.random.Generator, config: WorldConfig, instants: Ints, channel: Array
) -> tuple[Array, Ints]:
    """State at the end, and when it was written: a shop's receipt at once, a delivered order days later."""
    count = len(instants)
    draw = rng.random(count)
    status = np.where((channel != 0) & (draw < 0.03), CANCELLED, COMPLETED)
    lag = np.where(channel == 0, 0, (rng.gamma(2.0, 1.4, count) * DAY).astype(np.int64) + 3600)
    settled_at = instants + lag
    is_open = settled_at > config.end - 60
    status = np.where(is_open, PENDING, status)
    return status.astype(np.int8), np.where(is_open, instants, settled_at)


def _returns(
    rng: np.random.Generator,
    config: WorldConfig,
    lines: tuple[Array, ...],
    status: Array,
    settled_at: Ints,
    is_anonymous: Array,
) -> tuple[Array, ...]:
    """Add lines that take goods back; an order of which all comes back is `returned`."""
    line_order, line_number, product, quantity, unit, discount = lines
    count = len(status)
    channel_share = rng.random(count)
    back_at = settled_at + (rng.gamma(2.0, 4.0, count) * DAY).astype(np.int64) + DAY
    can = (status == COMPLETED) & (back_at < config.end - 60) & ~is_anonymous
    is_whole, is_part = can & (channel_share < 0.025), can & (channel_share >= 0.025) & (channel_share < 0.07)
    takes = is_whole[line_order] | (is_part[line_order] & (line_number == 1))
    numbers = np.bincount(line_order, minlength=count)
    is_whole |= is_part & (numbers == 1)
    status[is_whole] = RETURNED
    settled_at[is_whole | is_part] = back_at[is_whole | is_part]
    chosen = np.flatnonzero(takes)
    offset = numbers[line_order[chosen]]
    order_all = np.concatenate([line_order, line_order[chosen]])
    number_all = np.concatenate([line_number, line_number[chosen] + offset])
    quantity_all = np.concatenate([quantity, -quantity[chosen]])
    unit_all = np.concatenate([unit, unit[chosen]])
    discount_all = np.concatenate([discount, -discount[chosen]])
    is_return = np.concatenate(
        [np.zeros(len(line_order), dtype=np.bool_), np.ones(len(chosen), dtype=np.bool_)]
    )
    amount = unit_all * quantity_all - discount_all
    shown_discount = np.where(is_return, NULL_INT, discount_all)  # a return gives back what was paid
    product_all = np.concatenate([product, product[chosen]])
    by = np.lexsort((number_all, order_all))
    return (
        order_all[by], number_all[by], product_all[by], quantity_all[by], unit_all[by], shown_discount[by],
        amount[by], is_return[by],
    )  # fmt: skip
