"""The store's tables besides customers: stores, orders with their versions, order lines."""

from __future__ import annotations

import numpy as np

from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.contact_points import company_number, spell_phone
from cercle.simulate.orders import CHANNELS, DEVICES, PENDING, STATUSES, Orders
from cercle.simulate.people import People
from cercle.simulate.shop import BRANDS, CAMPAIGNS, CONTROLLERS, FAMILIES, PRODUCTS, STORES
from cercle.simulate.spelling import write_names
from cercle.simulate.table import Bools, Dates, Identifiers, Integers, Numbers, Pool, Table, Texts, Times
from cercle.simulate.written import written_emails, written_phones

__all__ = ["lines_table", "orders_table", "stores_table"]

_CURRENCIES = ("EUR", "CHF")


def stores_table(config: WorldConfig) -> Table:
    """Return the table `stores`; two stores moved their opening date in a second version."""
    again = [3, 9]
    row = np.concatenate([np.arange(len(STORES)), again])
    written = np.full(len(row), config.start - 30 * DAY)
    written[len(STORES) :] = config.start + 100 * DAY if config.days > 110 else config.start + DAY
    opened = np.array([14_000 + 211 * index for index in range(len(STORES))])
    opened[11] = config.start // DAY + int(0.15 * config.days)
    opened[12:14] = 14_600
    columns = {
        "store_id": Pool([store.store_id for store in STORES], row),
        "updated_at": Times(written, is_paris=True),
        "name": Pool([store.name for store in STORES], row),
        "store_type": Pool([store.kind for store in STORES], row),
        "phone": Pool([spell_phone(company_number(store.line), 0) for store in STORES], row),
        "address_line": Pool([f"{3 + 2 * index} place du Marché" for index in range(len(STORES))], row),
        "postcode": Pool([store.postcode for store in STORES], row),
        "city": Pool([store.city for store in STORES], row),
        "opened_date": Dates(opened[row] + (np.arange(len(row)) >= len(STORES))),
        "time_zone": Pool([store.time_zone for store in STORES], row),
        "brand_id": Pool(BRANDS, np.array([store.brand for store in STORES])[row]),
    }
    current = np.ones(len(row), dtype=np.bool_)
    current[again] = False
    nobody = np.full(len(row), -1)
    return Table(
        "store",
        "stores",
        columns,
        written,
        ("store_id",),
        "updated_at",
        nobody,
        flags={"is_current": current},
    )


def orders_table(config: WorldConfig, people: People, orders: Orders) -> Table:
    """Write the orders down: as placed, and again when delivered, cancelled or taken back."""
    rng = config.rng("orders", "table")
    total = len(orders)
    is_settled_later = orders.settled_at > orders.ordered_at
    has_first = is_settled_later & (
        (orders.channel == 0) | (rng.random(total) < 0.4) | (orders.total != orders.placed_total)
    )
    first = np.flatnonzero(has_first)
    row = np.concatenate([np.arange(total), first])
    is_first = np.arange(len(row)) >= total
    updated_at = np.where(is_first, orders.ordered_at[row], orders.settled_at[row])
    status = np.where(is_first, np.where(orders.channel[row] == 0, 0, PENDING), orders.status[row])
    who = np.maximum(orders.person, 0)
    given, family, _ = write_names(
        rng, people.given[who], people.family_at(who, orders.ordered_at), config.share(0.05)
    )
    given[~orders.has_names] = None
    family[~orders.has_names] = None
    place = np.where(orders.has_names, people.address_at(who, orders.ordered_at), -1)
    columns = {
        "order_id": Identifiers("CM", row, 8),
        "updated_at": Times(updated_at, is_paris=True),
        "ordered_at": Times(orders.ordered_at[row], is_paris=True),
        "customer_ref": Identifiers("C", orders.record[row]),
        "loyalty_id": Identifiers("29", orders.loyalty[row], 8),
        "email": written_emails(people.emails, orders.email[row], rng.choice([0, 0, 0, 0, 1, 2], total)[row]),
        "phone": written_phones(people.phones, orders.phone[row], rng.integers(0, 7, total)[row]),
        "first_name": Texts(given[row]),
        "last_name": Texts(family[row]),
        "postcode": Pool([address[1] for address in people.addresses], place[row]),
        "city": Pool([address[2] for address in people.addresses], place[row]),
        "store_id": Pool([store.store_id for store in STORES], orders.store[row]),
        "brand_id": Pool(BRANDS, orders.brand[row]),
        "sales_channel": Pool(CHANNELS, orders.channel[row]),
        "device": Pool(DEVICES, orders.device[row]),
        "status": Pool(STATUSES, status),
        "campaign_id": Pool([campaign.campaign_id for campaign in CAMPAIGNS], orders.campaign[row]),
        "total_amount": Numbers(np.where(is_first, orders.placed_total[row], orders.total[row])),
        "currency_code": Pool(_CURRENCIES, orders.is_swiss[row].astype(np.int8)),
        "controller": Pool(CONTROLLERS, orders.brand[row]),
        "product_family": Pool(FAMILIES, orders.family[row]),
        "is_optout_offered": Bools(orders.optout[row]),
        "is_collected_from_subject": Bools(np.where(orders.optout >= 0, rng.random(total) < 0.95, -1)[row]),
    }
    return Table(
        "store", "orders", columns, updated_at, ("order_id",), "updated_at", orders.person[row].astype(np.int32), False,
        {
            "customer": orders.record[row], "loyalty": orders.loyalty[row], "email": orders.email[row],
            "phone": orders.phone[row],
        },
        {"is_current": ~is_first},
    )  # fmt: skip


def lines_table(config: WorldConfig, orders: Orders) -> Table:
    """Write the order lines down; lines of a return are written when the goods come back."""
    del config
    order = orders.line_order
    written = np.where(orders.is_return, orders.settled_at[order], orders.ordered_at[order])
    columns = {
        "order_id": Identifiers("CM", order, 8),
        "line_number": Integers(orders.line_number),
        "updated_at": Times(written, is_paris=True),
        "product_id": Pool([item[0] for item in PRODUCTS], orders.product),
        "product_name": Pool([item[1] for item in PRODUCTS], orders.product),
        "product_family": Pool([FAMILIES[item[2]] for item in PRODUCTS], orders.product),
        "quantity": Numbers(orders.quantity * 100),
        "unit_price_amount": Numbers(orders.unit),
        "discount_amount": Numbers(orders.discount),
        "line_amount": Numbers(orders.amount),
        "currency_code": Pool(_CURRENCIES, orders.is_swiss[order].astype(np.int8)),
        "is_return": Bools(orders.is_return.astype(np.int8)),
    }
    return Table(
        "store", "order_lines", columns, written, ("order_id", "line_number"), "updated_at",
        orders.person[order].astype(np.int32), flags={"is_current": np.ones(len(order), dtype=np.bool_)},
    )  # fmt: skip
