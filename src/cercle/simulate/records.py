"""What the shop's registers hold about people: loyalty, till and web-account records, with their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.clock import NULL_TIME, Ints, draw_instants
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.contact_points import BAD_EMAILS, BAD_PHONES, company_number, slug
from cercle.simulate.people import CUSTOMER, People
from cercle.simulate.shop import BRANDS, DOMAINS, STORES
from cercle.simulate.spelling import write_names
from cercle.simulate.table import Column, Dates, Identifiers, Pool, Table, Texts, Times
from cercle.simulate.written import written_emails, written_phones

__all__ = [
    "LOYALTY",
    "TILL",
    "WEB",
    "Records",
    "borrowed_from",
    "customers_table",
    "make_records",
    "typed_email",
    "typed_phone",
]

Array = npt.NDArray[Any]
LOYALTY, TILL, WEB = 0, 1, 2
_KINDS = ("loyalty", "till", "web_account")


@dataclass
class Records:
    """One position per customer record; the position is the number in its customer_ref.

    Attributes:
        by_kind: per kind, the record of each person that orders and contacts use; -1 for none.
    """

    person: Array
    kind: Array
    created_at: Ints
    email: Array
    phone: Array
    phone_2: Array
    loyalty: Array
    brand: Array
    store: Array
    is_isolated: Array
    is_wrong: Array
    referrer: Array
    by_kind: list[Array]

    def __len__(self) -> int:
        return len(self.person)


def make_records(config: WorldConfig, people: People) -> Records:
    """Open the customer records of the world.

    Args:
        config: clock and noise.
        people: whose records they are.

    Returns:
        The records as first written, oldest position first per person.
    """
    rng = config.rng("records")
    buyers = np.flatnonzero(people.kind == CUSTOMER)
    count = len(buyers)
    wanted = [rng.random(count) < share for share in (0.62, 0.24, 0.52)]
    wanted[LOYALTY] |= ~(wanted[TILL] | wanted[WEB])
    again = [rng.random(count) < config.share(share) for share in (0.05, 0.03, 0.06)]
    parts = [(buyers[flags], kind, 0) for kind, flags in enumerate(wanted)]
    parts += [
        (buyers[flags & extra], kind, 1)
        for kind, (flags, extra) in enumerate(zip(wanted, again, strict=True))
    ]
    person = np.concatenate([part[0] for part in parts]).astype(np.int32)
    kind = np.concatenate([np.full(len(part[0]), part[1]) for part in parts]).astype(np.int8)
    is_again = np.concatenate([np.full(len(part[0]), part[2]) for part in parts]) == 1
    order = rng.permutation(len(person))
    person, kind, is_again = person[order], kind[order], is_again[order]
    total = len(person)
    room = np.maximum(config.end - people.since[person] - DAY, 1)
    delay = (rng.random(total) ** 2 * np.minimum(room, 500 * DAY)).astype(np.int64)
    delay[_first_of(person)] = 0
    created_at = people.since[person] + delay
    created_at = np.minimum(draw_instants(rng, created_at // DAY, "shop"), config.end - 3600)
    has_more = np.bincount(person, minlength=len(people))[person] > 1
    is_isolated = has_more & (rng.random(total) < np.where(is_again, config.share(0.26), config.share(0.012)))
    email, phone, is_wrong = _contact_points(config, rng, people, (person, kind, created_at, is_isolated))
    loyalty = np.where(kind == LOYALTY, np.arange(total), -1)
    card = _by_kind(person, kind, len(people))[LOYALTY]
    gives_card = (kind == WEB) & ~is_isolated & (rng.random(total) < 0.6)
    loyalty = np.where(gives_card, card[person], loyalty)
    phone_2 = np.where(rng.random(total) < 0.18, people.landline[person], -1)
    phone_2 = np.where(is_isolated | (phone_2 == phone), -1, phone_2)
    brand = (rng.random(total) < 0.28).astype(np.int8)
    physical = [
        np.array([index for index, store in enumerate(STORES) if store.brand == b and store.kind == "store"])
        for b in (0, 1)
    ]
    store = np.where(
        brand == 0,
        physical[0][rng.integers(0, len(physical[0]), total)],
        physical[1][rng.integers(0, len(physical[1]), total)],
    )
    store = np.where(kind == WEB, np.where(brand == 0, 12, 13), store)
    referrer = _referrers(rng, config, person, created_at)
    return Records(
        person, kind, created_at, email, phone, phone_2, loyalty, brand, store, is_isolated, is_wrong, referrer,
        _by_kind(person, kind, len(people)),
    )  # fmt: skip


def _first_of(person: Array) -> Array:
    """Position of each person's first record."""
    return np.unique(person, return_index=True)[1]


def _by_kind(person: Array, kind: Array, people: int) -> list[Array]:
    found = []
    for wanted in (LOYALTY, TILL, WEB):
        where = np.flatnonzero(kind == wanted)[::-1]
        record = np.full(people, -1, dtype=np.int32)
        record[person[where]] = where
        found.append(record)
    return found


def borrowed_from(
    config: WorldConfig, rng: np.random.Generator, people: People, person: Array, share: float
) -> Array:
    """Return whose mailbox and number each row shows: the person's own, or those of one from home or of a friend."""
    size = np.bincount(people.household)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    by_home = np.argsort(people.household, kind="stable")
    home = people.household[person]
    mate = by_home[first[home] + rng.integers(0, 1 << 30, len(person)) % size[home]]
    friend = rng.integers(0, len(people), len(person))
    other = np.where((mate != person) & (rng.random(len(person)) < 0.8), mate, friend)
    return np.where(rng.random(len(person)) < config.share(share, power=2.0), other, person)


def typed_email(
    config: WorldConfig, rng: np.random.Generator, people: People, codes: Array, share: float
) -> tuple[Array, Array]:
    """Return the codes with some mistyped, and which ones are."""
    is_wrong = (codes >= 0) & (rng.random(len(codes)) < config.share(share, power=1.1))
    typed = codes.copy()
    for row in np.flatnonzero(is_wrong).tolist():
        typed[row] = people.emails.mistype(rng, int(codes[row]))
    return typed, is_wrong & (typed != codes)


def typed_phone(
    config: WorldConfig, rng: np.random.Generator, people: People, codes: Array, share: float
) -> tuple[Array, Array]:
    """Return the codes with some mistyped, and which ones are."""
    is_wrong = (codes >= 0) & (rng.random(len(codes)) < config.share(share, power=1.1))
    typed = codes.copy()
    for row in np.flatnonzero(is_wrong).tolist():
        typed[row] = people.phones.mistype(rng, int(codes[row]))
    return typed, is_wrong & (typed != codes)


def _contact_points(
    config: WorldConfig, rng: np.random.Generator, people: People, rows: tuple[Array, Array, Ints, Array]
) -> tuple[Array, Array, Array]:
    """Choose each record's e-mail and telephone: nothing, his own, the family's, a bad value, a typing error."""
    person, kind, created_at, is_isolated = rows
    total = len(person)
    lacks_email = (
        rng.random(total) < np.array([config.share(0.23), config.share(0.45), config.share(0.06)])[kind]
    )
    lacks_phone = (
        rng.random(total) < np.array([config.share(0.25), config.share(0.20), config.share(0.34)])[kind]
    )
    email = people.email_at(person, created_at)
    email = np.where(
        (people.email_second[person] >= 0) & (rng.random(total) < 0.10), people.email_second[person], email
    )
    phone = people.phone_at(person, created_at)
    uses_line = (people.landline[person] >= 0) & ((rng.random(total) < config.share(0.22)) | (phone < 0))
    phone = np.where(uses_line, people.landline[person], phone)
    other = borrowed_from(config, rng, people, person, 0.022)
    is_borrowed = other != person
    email = np.where(is_borrowed & (rng.random(total) < 0.5), people.email_at(other, created_at), email)
    phone = np.where(is_borrowed, people.phone_at(other, created_at), phone)
    email, phone = np.where(lacks_email, -1, email), np.where(lacks_phone, -1, phone)
    email, is_email_wrong = typed_email(config, rng, people, email, 0.054)
    phone, is_phone_wrong = typed_phone(config, rng, people, phone, 0.054)
    # A record that nothing ties to the others: another mailbox that is used nowhere else, or nothing.
    for row in np.flatnonzero(is_isolated).tolist():
        email[row] = phone[row] = -1
        is_email_wrong[row] = is_phone_wrong[row] = False
        if kind[row] == WEB or rng.random() < 0.3:
            local = f"{slug(people.given[person[row]])[:4]}.{slug(people.family[person[row]])}.{rng.integers(10, 99)}"
            email[row] = people.emails.open(local, "example.org", 70)
    bad = rng.random(total)
    desk = np.array([people.phones.code(company_number(store.line)) for store in STORES])
    role = np.array(
        [people.emails.code(f"info@{domain}") for domain in (*DOMAINS, "mairie.example", "lycee.example")]
    )
    bad_emails = np.array([people.emails.code(value) for value in BAD_EMAILS])
    bad_phones = np.array([people.phones.code(value) for value in BAD_PHONES])
    edges = np.cumsum([config.share(share, 0.2) for share in (0.012, 0.012, 0.014, 0.010)])
    at_till = kind != WEB
    for code, (book, values, extra) in enumerate(
        ((phone, desk, at_till), (email, role, True), (phone, bad_phones, True), (email, bad_emails, at_till))
    ):
        low = edges[code - 1] if code else 0.0
        chosen = np.flatnonzero((bad >= low) & (bad < edges[code]) & extra & (book >= 0))
        book[chosen] = values[rng.integers(0, len(values), len(chosen))]
    return email.astype(np.int32), phone.astype(np.int32), is_email_wrong | is_phone_wrong


def _referrers(rng: np.random.Generator, config: WorldConfig, person: Array, created_at: Ints) -> Array:
    """Name an older record of someone else as the referrer of some records; a few refer many."""
    total = len(person)
    referrer = np.full(total, -1, dtype=np.int32)
    by_age = np.argsort(created_at, kind="stable")
    stars = by_age[: max(total // 50, 1)]
    for row in np.flatnonzero(rng.random(total) < 0.08).tolist():
        pool = stars if rng.random() < 0.5 else by_age
        candidate = int(pool[int(rng.integers(0, len(pool)))])
        if created_at[candidate] < created_at[row] and person[candidate] != person[row]:
            referrer[row] = candidate
    return referrer


def customers_table(config: WorldConfig, people: People, records: Records) -> Table:
    """Write the records down, with a later version for those who told that something changed.

    Args:
        config: clock and noise.
        people: the people.
        records: their records; contact points of the newest version are written back into them.

    Returns:
        The table `customers` of the store.
    """
    rng = config.rng("customers")
    total = len(records)
    person = records.person
    changes = np.stack(
        [people.moved_at, people.married_at, people.phone_changed_at, people.email_changed_at], axis=1
    )[person]
    tells = (
        (rng.random((total, 4)) < 0.45)
        & (changes > records.created_at[:, None])
        & (changes < config.end - 40 * DAY)
    )
    told_at = np.where(tells, changes + rng.integers(1, 30, (total, 4)) * DAY, NULL_TIME).max(axis=1)
    is_changed = (told_at > NULL_TIME) & ~records.is_isolated
    changed = np.flatnonzero(is_changed)
    new_email, new_phone = records.email.copy(), records.phone.copy()
    has_email = changed[tells[changed, 3] & (records.email[changed] == people.email[person[changed]])]
    new_email[has_email] = people.email_after[person[has_email]]
    has_phone = changed[tells[changed, 2] & (records.phone[changed] == people.phone[person[changed]])]
    new_phone[has_phone] = people.phone_after[person[has_phone]]
    row = np.concatenate([np.arange(total), changed])
    updated_at = np.concatenate([records.created_at, told_at[changed]])
    updated_at[total:] = draw_instants(rng, updated_at[total:] // DAY, "shop")
    is_current = np.concatenate([~is_changed, np.ones(len(changed), dtype=np.bool_)])
    email = np.concatenate([records.email, new_email[changed]])
    phone = np.concatenate([records.phone, new_phone[changed]])
    who = person[row]
    base_given, base_family, is_name_wrong = write_names(
        rng, people.given[person], people.family_at(person, records.created_at), config.share(0.125)
    )
    given, family = base_given[row], base_family[row]
    marries = total + np.flatnonzero(tells[changed, 1])
    family[marries] = people.family_at(who[marries], updated_at[marries])
    records.email, records.phone = new_email, new_phone
    columns = _columns(people, records, rng, (row, who, updated_at, email, phone, given, family))
    is_stale = (phone >= 0) & (phone == people.phone[who]) & (people.phone_changed_at[who] < config.end)
    is_stale |= (email >= 0) & (email == people.email[who]) & (people.email_changed_at[who] < config.end)
    is_stale |= people.is_recycled[who] & (phone == people.phone_after[who]) & (phone >= 0)
    return Table(
        "store", "customers", columns, updated_at, ("customer_ref",), "updated_at", who.astype(np.int32), True,
        {"email": email, "phone": phone, "phone_2": records.phone_2[row], "customer": row,
        "loyalty": records.loyalty[row]},
        {
            "is_current": is_current, "has_name": np.ones(len(row), dtype=np.bool_), "name_error": is_name_wrong[row],
            "identifier_error": records.is_wrong[row], "is_stale": is_stale,
        },
    )  # fmt: skip


def _columns(
    people: People,
    records: Records,
    rng: np.random.Generator,
    rows: tuple[Array, Array, Ints, Array, Array, Array, Array],
) -> dict[str, Column]:
    row, who, updated_at, email, phone, given, family = rows
    total = len(records)
    kind = records.kind[row]
    shows_birth = (rng.random(total) < np.array([0.62, 0.12, 0.45])[records.kind])[row]
    shows_address = (rng.random(total) < np.array([0.7, 0.25, 0.6])[records.kind])[row]
    title = np.where(people.gender[who] == 0, 0, 1)
    title = np.where((rng.random(total) < 0.3)[row], -1, title)
    gender = np.where((rng.random(total) < 0.25)[row], 2, people.gender[who])
    at = people.address_at(who, updated_at)
    place = np.where(shows_address, at, -1)
    parts = [[address[part] for address in people.addresses] for part in range(4)]
    style = rng.integers(0, 7, total)[row]
    mail_style = rng.choice([0, 0, 0, 0, 0, 0, 1, 1, 2, 3], total)[row]
    prefers = np.where(
        rng.random(total) < 0.3, rng.choice(6, total, p=[0.34, 0.22, 0.22, 0.1, 0.09, 0.03]), -1
    )[row]
    return {
        "customer_ref": Identifiers("C", row),
        "updated_at": Times(updated_at, is_paris=True),
        "created_at": Times(records.created_at[row], is_paris=True),
        "kind": Pool(_KINDS, kind),
        "loyalty_id": Identifiers("29", records.loyalty[row], 8),
        "title": Pool(("Mme", "M."), title),
        "first_name": Texts(given),
        "last_name": Texts(family),
        "birth_date": Dates(np.where(shows_birth, people.birth_day[who], NULL_TIME)),
        "gender": Pool(("female", "male", "unknown"), gender),
        "email": written_emails(people.emails, email, mail_style),
        "phone": written_phones(people.phones, phone, style),
        "phone_2": written_phones(people.phones, records.phone_2[row], style),
        "address_line": Pool(parts[0], place),
        "postcode": Pool(parts[1], place),
        "city": Pool(parts[2], place),
        "country_code": Pool(parts[3], at),
        "language": Pool(("fr", "en", "es"), people.language[who]),
        "referred_by_ref": Identifiers("C", records.referrer[row]),
        "preferred_channel": Pool(("store", "email", "phone", "social", "sms", "letter"), prefers),
        "home_store_id": Pool([store.store_id for store in STORES], records.store[row]),
        "brand_id": Pool(BRANDS, records.brand[row]),
    }
