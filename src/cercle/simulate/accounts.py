"""Accounts on networks, forums and review sites: people's, strangers' and the company's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.clock import NULL_TIME, Ints
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.contact_points import slug
from cercle.simulate.people import CUSTOMER, PROSPECT, STRANGER, People
from cercle.simulate.records import Records, typed_email, typed_phone
from cercle.simulate.shop import BRANDS, PAGES, PLATFORMS
from cercle.simulate.spelling import write_names
from cercle.simulate.table import (
    NULL_INT,
    Bools,
    Column,
    Computed,
    Identifiers,
    Integers,
    Pool,
    Table,
    Texts,
    Times,
)
from cercle.simulate.written import written_emails, written_phones

__all__ = ["Accounts", "accounts_table", "make_accounts"]

Array = npt.NDArray[Any]
_LINKED, _MAILED, _CALLED, _LOOSE = 0, 1, 2, 3


@dataclass
class Accounts:
    """One position per account; the company's pages come first, with person -1.

    Attributes:
        of_person: one account per person that service contacts use; -1 for none.
        reviewer: the account on a review site per person; -1 for none.
    """

    person: Array
    platform: Array
    brand: Array
    link: Array
    of_person: Array
    reviewer: Array

    def __len__(self) -> int:
        return len(self.person)

    def refs(self, codes: Array) -> list[str | None]:
        """Return `platform:id` of these accounts; None for -1."""
        return [
            f"{PLATFORMS[platform]}:{900_100_000 + 37 * code}" if code >= 0 else None
            for code, platform in zip(codes.tolist(), self.platform[codes].tolist(), strict=True)
        ]


def make_accounts(config: WorldConfig, people: People) -> Accounts:
    """Open the accounts of a world.

    Args:
        config: clock and noise.
        people: the people.

    Returns:
        The accounts.
    """
    rng = config.rng("accounts")
    age = people.age_at(config.end)
    share = np.where(age < 31, 0.44, np.where(age < 51, 0.33, 0.22))
    share = np.where(people.kind == PROSPECT, 0.75, np.where(people.kind == STRANGER, 1.0, share))
    first = np.flatnonzero(rng.random(len(people)) < share)
    second = first[rng.random(len(first)) < 0.22]
    reviewers = np.flatnonzero((rng.random(len(people)) < 0.07) & (people.kind == CUSTOMER))
    pages = len(PAGES)
    person = np.concatenate([np.full(pages, -1), first, second, reviewers]).astype(np.int32)
    weights = np.array(
        [
            [0.2, 0.12, 0.38, 0.1, 0.18, 0.02],
            [0.18, 0.38, 0.24, 0.08, 0.06, 0.06],
            [0.12, 0.6, 0.1, 0.08, 0.01, 0.09],
        ]
    )
    band = np.where(age < 31, 0, np.where(age < 51, 1, 2))
    drawn = np.concatenate([first, second])
    cumulated = np.cumsum(weights, axis=1)[band[drawn]]
    platform = (rng.random(len(drawn))[:, None] > cumulated).sum(axis=1).clip(0, 5)
    is_forum = rng.random(len(drawn)) < 0.08
    platform = np.where(is_forum, PLATFORMS.index("forum"), platform)
    platform = np.concatenate(
        [
            [PLATFORMS.index(page[0]) for page in PAGES],
            platform,
            np.full(len(reviewers), PLATFORMS.index("review_site")),
        ]
    ).astype(np.int8)
    brand = np.full(len(person), -1, dtype=np.int8)
    brand[:pages] = [page[1] for page in PAGES]
    loose = config.share(0.06)
    linked = 1 - loose
    link = rng.choice(4, len(person), p=[linked * 0.68, linked * 0.23, linked * 0.09, loose]).astype(np.int8)
    of_person = np.full(len(people), -1, dtype=np.int32)
    of_person[first[::-1]] = pages + np.arange(len(first))[::-1]
    reviewer = np.full(len(people), -1, dtype=np.int32)
    reviewer[reviewers] = len(person) - len(reviewers) + np.arange(len(reviewers))
    return Accounts(person, platform, brand, link, of_person, reviewer)


def accounts_table(config: WorldConfig, people: People, records: Records, accounts: Accounts) -> Table:
    """Write the accounts down; a fifth was read a second time, later, with more followers.

    Args:
        config: clock and noise.
        people: the people.
        records: the customer records that social log-in links to.
        accounts: the accounts.

    Returns:
        The table `accounts` of the source social.
    """
    rng = config.rng("accounts", "table")
    total = len(accounts)
    person = accounts.person
    is_page = person < 0
    who = np.maximum(person, 0)
    created_at = np.maximum(people.since[who], config.start - 300 * DAY) + rng.integers(0, 20 * DAY, total)
    created_at = np.minimum(np.where(is_page, config.start - 900 * DAY, created_at), config.end - 2 * DAY)
    again = np.flatnonzero((rng.random(total) < 0.2) & (created_at < config.end - 90 * DAY) & ~is_page)
    row = np.concatenate([np.arange(total), again])
    updated_at = np.concatenate([created_at, np.full(len(again), NULL_TIME)])
    gap = config.end - created_at[again] - DAY
    updated_at[total:] = created_at[again] + DAY + (rng.random(len(again)) * gap).astype(np.int64)
    is_current = np.ones(len(row), dtype=np.bool_)
    is_current[again] = False
    record = np.maximum.reduce(records.by_kind)[who]
    is_customer = ~is_page & (people.kind[who] == CUSTOMER)
    customer = np.where(is_customer & (accounts.link == _LINKED), record, -1)
    wants = ~is_page & (accounts.link != _LOOSE) & (people.kind[who] != STRANGER) & (customer < 0)
    phone = np.where(wants & (accounts.link == _CALLED), people.phone_at(who, created_at), -1)
    email = np.where(wants & (phone < 0), people.email_at(who, created_at), -1)
    customer = np.where(wants & is_customer & (phone < 0) & (email < 0), record, customer)
    email, is_email_wrong = typed_email(config, rng, people, email, 0.054)
    phone, is_phone_wrong = typed_phone(config, rng, people, phone, 0.054)
    given, family, is_wrong = write_names(
        rng, people.given[who], people.family_at(who, created_at), config.share(0.10)
    )
    shows_name = ~is_page & (rng.random(total) < 0.55)
    is_wrong &= shows_name
    handles = _handles(rng, people, accounts)
    display = np.array([f"{first} {last}" for first, last in zip(given, family, strict=True)], dtype=object)
    nick = np.array([handle[1:].replace("_", " ") for handle in handles], dtype=object)
    display = np.where(shows_name, display, nick)
    display[is_page] = [
        ("Maison Claire", "Atelier Nord")[brand] for brand in accounts.brand[is_page].tolist()
    ]
    followers = (rng.pareto(1.3, total) * 60).astype(np.int64).clip(0, 400_000)
    followers[is_page] = rng.integers(8_000, 90_000, int(is_page.sum()))
    later = np.arange(len(row)) >= total
    grown = followers[row] + np.where(later, rng.integers(0, 30, len(row)), 0)
    purposes = ("service", "commercial", "corporate", "community")
    purpose = np.full(total, -1)
    purpose[: len(PAGES)] = [purposes.index(page[2]) for page in PAGES]
    cities = [address[2] for address in people.addresses]
    city = np.where(~is_page & (rng.random(total) < 0.3), people.address_at(who, created_at), -1)
    source = np.where(customer >= 0, 0, -1)

    def refs(rows: Ints) -> list[str | None]:
        return accounts.refs(row[rows])

    columns: dict[str, Column] = {
        "account_ref": Computed(refs),
        "platform": Pool(PLATFORMS, accounts.platform[row]),
        "updated_at": Times(updated_at),
        "created_at": Times(created_at[row]),
        "handle": Texts(handles[row]),
        "display_name": Texts(display[row]),
        "email": written_emails(people.emails, email[row], rng.choice([0, 0, 0, 1], total)[row]),
        "phone": written_phones(people.phones, phone[row], rng.integers(0, 7, total)[row]),
        "customer_ref": Identifiers("C", customer[row]),
        "customer_source": Pool(("store",), source[row]),
        "followers_count": Integers(np.where(rng.random(len(row)) < 0.05, NULL_INT, grown)),
        "is_brand_account": Bools(is_page[row]),
        "account_purpose": Pool(purposes, purpose[row]),
        "language": Pool(("fr", "en", "es"), np.where(is_page, 0, people.language[who])[row]),
        "city": Pool(cities, city[row]),
        "brand_id": Pool(BRANDS, accounts.brand[row]),
    }
    is_stale = (phone >= 0) & (phone == people.phone[who]) & (people.phone_changed_at[who] < config.end)
    is_stale |= (email >= 0) & (email == people.email[who]) & (people.email_changed_at[who] < config.end)
    return Table(
        "social", "accounts", columns, updated_at, ("account_ref",), "updated_at", person[row], ~is_page[row],
        {"email": email[row], "phone": phone[row], "customer": customer[row], "account": row},
        {
            "is_current": is_current, "has_name": shows_name[row], "name_error": is_wrong[row],
            "identifier_error": (is_email_wrong | is_phone_wrong)[row], "is_stale": is_stale[row],
        },
    )  # fmt: skip


def _handles(rng: np.random.Generator, people: People, accounts: Accounts) -> Array:
    """Public handles: from the name, or from a fancy; unique per network by a number."""
    fancy = (
        "soleil",
        "chatnoir",
        "lune",
        "velo",
        "moka",
        "petitpois",
        "nuage",
        "citron",
        "koala",
        "pixel",
        "dune",
        "azur",
    )
    style = rng.integers(0, 4, len(accounts)).tolist()
    number = rng.integers(1, 99, len(accounts)).tolist()
    handles = np.empty(len(accounts), dtype=object)
    taken: set[tuple[int, str]] = set()
    for code, person in enumerate(accounts.person.tolist()):
        platform = int(accounts.platform[code])
        if person < 0:
            name = ("maisonclaire", "ateliernord")[int(accounts.brand[code])]
        elif style[code] == 0:
            name = f"{fancy[number[code] % len(fancy)]}_{number[code]}"
        elif style[code] == 1:
            name = f"{slug(people.given[person])}_{slug(people.family[person])[:6]}"
        elif style[code] == 2:
            name = f"{slug(people.given[person])}{number[code]}"
        else:
            name = f"{slug(people.given[person])[:3]}.{slug(people.family[person])}"
        if (platform, name) in taken:
            name = f"{name}{code}"
        taken.add((platform, name))
        handles[code] = f"@{name}"
    return handles
