"""The people of the world: households, names, mailboxes, numbers, addresses, and how these change with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate import names
from cercle.simulate.clock import Ints
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.contact_points import PROVIDERS, EmailBook, PhoneBook, slug

__all__ = ["CUSTOMER", "NEVER", "PROSPECT", "STRANGER", "People", "make_people"]

Array = npt.NDArray[Any]
CUSTOMER, PROSPECT, STRANGER = 0, 1, 2
NEVER = np.iinfo(np.int64).max
_YEAR = 365.25 * DAY


@dataclass
class People:
    """Everybody, one position per person; codes point into the books, -1 is none.

    Attributes:
        kind: CUSTOMER, PROSPECT (has written, never bought) or STRANGER (a voice on a network).
        household: number of the household; members share the address, often the name, sometimes mailbox and line.
        birth_day: days since 1970.
        gender: 0 female, 1 male.
        language: 0 French, 1 English, 2 Spanish.
        given, family, family_after: names; family_after holds from married_at on.
        address, address_after: positions in `addresses`; address_after holds from moved_at on.
        email, email_after, email_second: mailboxes; email_after holds from email_changed_at on.
        phone, phone_after, landline: numbers; phone_after holds from phone_changed_at on; landline is the household's.
        since: when the company first heard of the person.
        activity: 1 on average.
        is_recycled: whether phone_after was someone else's number before.
        has_phone: whether the person telephones; without a number of the world's, with a withheld one.
    """

    kind: Array
    household: Array
    birth_day: Array
    gender: Array
    language: Array
    given: Array
    family: Array
    family_after: Array
    married_at: Ints
    address: Array
    address_after: Array
    moved_at: Ints
    email: Array
    email_after: Array
    email_changed_at: Ints
    email_second: Array
    phone: Array
    phone_after: Array
    phone_changed_at: Ints
    landline: Array
    since: Ints
    activity: Array
    is_recycled: Array
    has_phone: Array
    addresses: list[tuple[str, str, str, str]]
    emails: EmailBook
    phones: PhoneBook

    def __len__(self) -> int:
        return len(self.kind)

    def family_at(self, person: Array, when: Ints) -> Array:
        """Return the family names on those days."""
        return np.where(when >= self.married_at[person], self.family_after[person], self.family[person])

    def email_at(self, person: Array, when: Ints) -> Array:
        """Return the codes of the mailboxes in use on those days."""
        return np.where(when >= self.email_changed_at[person], self.email_after[person], self.email[person])

    def phone_at(self, person: Array, when: Ints) -> Array:
        """Return the codes of the personal numbers in use on those days."""
        return np.where(when >= self.phone_changed_at[person], self.phone_after[person], self.phone[person])

    def address_at(self, person: Array, when: Ints) -> Array:
        """Return the positions of the addresses on those days."""
        return np.where(when >= self.moved_at[person], self.address_after[person], self.address[person])

    def age_at(self, when: int) -> Array:
        """Return everybody's age in whole years."""
        return ((when // DAY - self.birth_day) / 365.25).astype(np.int64)


def make_people(config: WorldConfig) -> People:
    """Make the people of a world.

    Args:
        config: size, clock, seed and noise.

    Returns:
        The people; customers first, then prospects, then strangers.
    """
    rng = config.rng("people")
    members = config.customers + round(config.customers * 0.10)
    count = members + max(config.customers // 25, 12)
    household, place = _households(rng, members, count)
    kind = np.full(count, STRANGER, dtype=np.int8)
    kind[:members] = CUSTOMER
    kind[rng.permutation(members)[: members - config.customers]] = PROSPECT
    gender = rng.integers(0, 2, count).astype(np.int8)
    birth_day, gender = _births(rng, config, household, place, gender)
    language_of_household = rng.choice(3, household.max() + 1, p=[0.87, 0.07, 0.06])
    language = language_of_household[household].astype(np.int8)
    given, family = _names(rng, household, place, gender, language, birth_day)
    married_at, family_after = _marriages(rng, config, household, gender, birth_day, family)
    addresses, address, address_after, moved_at = _addresses(rng, config, household)
    since = config.start - (rng.random(count) * 4 * _YEAR).astype(np.int64)
    is_new = rng.random(count) < 0.3
    since = np.where(
        is_new, config.start + (rng.random(count) * (config.end - config.start)).astype(np.int64), since
    )
    emails, phones = EmailBook(), PhoneBook(config.rng("phones"))
    mailbox = _mailboxes(rng, config, (household, given, family, birth_day), emails)
    lines = _lines(rng, config, household, phones)
    return People(
        kind, household, birth_day, gender, language, given, family, family_after, married_at, address, address_after,
        moved_at, *mailbox, *lines[:4], since, rng.gamma(1.4, 1 / 1.4, count), *lines[4:], addresses, emails, phones,
    )  # fmt: skip


def _households(rng: np.random.Generator, members: int, count: int) -> tuple[Array, Array]:
    """Number the households and each member's place in it: 0 and 1 are adults, 2 and more their children."""
    sizes = rng.choice([1, 2, 3, 4], members, p=[0.52, 0.27, 0.12, 0.09])
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), members)) + 1]
    household = np.repeat(np.arange(len(sizes)), sizes)[:members]
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(members) - first[household]
    shuffled = rng.permutation(members)
    strangers = np.arange(count - members) + len(sizes)
    return (
        np.concatenate([household[shuffled], strangers]).astype(np.int32),
        np.concatenate([place[shuffled], np.zeros(count - members, dtype=np.int64)]).astype(np.int8),
    )


def _births(
    rng: np.random.Generator, config: WorldConfig, household: Array, place: Array, gender: Array
) -> tuple[Array, Array]:
    """Ages: adults of a household are close to each other, children a generation younger, from 13 years on."""
    adult = rng.choice(
        [22, 30, 38, 46, 56, 66, 76], household.max() + 1, p=[0.12, 0.2, 0.2, 0.17, 0.14, 0.11, 0.06]
    )
    age = adult[household] + rng.normal(0, 3.5, len(household))
    age = np.where(
        place >= 2, np.maximum(age - 26 - rng.integers(0, 6, len(age)), 13 + rng.random(len(age)) * 12), age
    )
    birth_day = (
        config.end // DAY - (np.clip(age, 13, 95) * 365.25).astype(np.int64) - rng.integers(0, 365, len(age))
    )
    head_gender = rng.integers(0, 2, household.max() + 1)
    is_couple = rng.random(len(age)) < 0.93
    gender = np.where(place == 0, head_gender[household], gender)
    gender = np.where((place == 1) & is_couple, 1 - head_gender[household], gender)
    return birth_day, gender.astype(np.int8)


def _names(
    rng: np.random.Generator, household: Array, place: Array, gender: Array, language: Array, birth_day: Array
) -> tuple[Array, Array]:
    count = len(household)
    birth_year = 1970 + birth_day / 365.25
    generation = np.where(birth_year < 1960, 0, np.where(birth_year < 1985, 1, 2))
    given = np.empty(count, dtype=object)
    for tongue, sex in ((t, s) for t in range(3) for s in range(2)):
        word = ("female", "male")[sex]
        for age in range(3):
            pool = (names.GIVEN[(word, age)], names.ENGLISH_GIVEN[word], names.SPANISH_GIVEN[word])[tongue]
            chosen = np.flatnonzero((language == tongue) & (gender == sex) & (generation == age))
            given[chosen] = np.array(pool, dtype=object)[_skewed(rng, len(pool), len(chosen))]
    _tell_apart(rng, household, given, gender)
    pools = (names.FAMILY, names.ENGLISH_FAMILY, names.SPANISH_FAMILY)
    family = np.empty(count, dtype=object)
    own = np.empty(count, dtype=object)
    of_household = np.empty(household.max() + 1, dtype=object)
    tongue_of_household = np.zeros(household.max() + 1, dtype=np.int8)
    tongue_of_household[household] = language
    for tongue, pool in enumerate(pools):
        spelled = np.array([_spell_family(name) for name in pool], dtype=object)
        here = np.flatnonzero(tongue_of_household == tongue)
        of_household[here] = _draw_family(rng, spelled, len(here), has_rare=tongue == 0)
        there = np.flatnonzero(language == tongue)
        own[there] = _draw_family(rng, spelled, len(there), has_rare=tongue == 0)
    family[:] = of_household[household]
    is_other = (place == 1) & (rng.random(count) < 0.4)
    family[is_other] = own[is_other]
    is_double = np.flatnonzero(rng.random(count) < 0.04)
    family[is_double] = [
        f"{left}-{right}" for left, right in zip(family[is_double], own[is_double], strict=True)
    ]
    return given, family


def _tell_apart(rng: np.random.Generator, household: Array, given: Array, gender: Array) -> None:
    """Nobody at home has the same given name as another one there."""
    seen: set[tuple[int, str]] = set()
    for person, home in enumerate(household.tolist()):
        while (home, given[person]) in seen:
            pool = names.GIVEN[(("female", "male")[gender[person]], int(rng.integers(0, 3)))]
            given[person] = pool[int(rng.integers(0, len(pool)))]
        seen.add((home, given[person]))


def _draw_family(rng: np.random.Generator, pool: Array, count: int, *, has_rare: bool) -> Array:
    """Family names: four of ten French ones are frequent ones, the others from a long tail."""
    frequent = pool[_skewed(rng, len(pool), count)]
    rare = np.array(names.RARE_FAMILY, dtype=object)[rng.integers(0, len(names.RARE_FAMILY), count)]
    drawn: Array = np.where(rng.random(count) < (0.6 if has_rare else 0.0), rare, frequent)
    return drawn


def _spell_family(name: str) -> str:
    """A hyphen in the list stands for a space, but for the given-name compounds."""
    return name if name.startswith(("Saint-", "Aït-")) else name.replace("-", " ")


def _skewed(rng: np.random.Generator, size: int, count: int) -> Array:
    """Positions below `size`, the first ones more often."""
    return np.minimum((rng.random(count) ** 1.5 * size).astype(np.int64), size - 1)


def _marriages(
    rng: np.random.Generator,
    config: WorldConfig,
    household: Array,
    gender: Array,
    birth_day: Array,
    family: Array,
) -> tuple[Ints, Array]:
    """Some women take the name of another family in the course of the window or shortly before."""
    count = len(household)
    age = (config.end // DAY - birth_day) / 365.25
    is_married = (gender == 0) & (age > 21) & (age < 50) & (rng.random(count) < config.share(0.04))
    when = (
        config.start
        - 200 * DAY
        + (rng.random(count) * (config.end - config.start + 200 * DAY)).astype(np.int64)
    )
    after = family.copy()
    chosen = np.flatnonzero(is_married)
    after[chosen] = family[rng.permutation(count)[: len(chosen)]]
    is_hyphen = chosen[rng.random(len(chosen)) < 0.25]
    after[is_hyphen] = [f"{old}-{new}" for old, new in zip(family[is_hyphen], after[is_hyphen], strict=True)]
    return np.where(is_married, when, NEVER), after


def _addresses(
    rng: np.random.Generator, config: WorldConfig, household: Array
) -> tuple[list[tuple[str, str, str, str]], Array, Array, Ints]:
    """One address per household, another one for those that move, and for children who leave."""
    households = int(household.max()) + 1
    count = len(household)
    cities = [(*city[:2], "FR", city[2]) for city in names.CITIES]
    cities += [(*city[:2], "CH", city[2] * 5) for city in names.SWISS_CITIES]
    weights = np.array([city[3] for city in cities], dtype=np.float64)
    is_moving = rng.random(households) < config.share(0.08)
    is_leaving = np.flatnonzero(rng.random(count) < config.share(0.015))
    total = households + int(is_moving.sum()) + len(is_leaving)
    city_codes = rng.choice(len(cities), total, p=weights / weights.sum()).tolist()
    kinds = rng.integers(0, len(names.STREET_KINDS), total).tolist()
    streets = rng.integers(0, len(names.STREETS), total).tolist()
    numbers = rng.integers(1, 180, total).tolist()
    addresses = [
        (
            f"{number} {names.STREET_KINDS[kind]} {names.STREETS[street].replace('-', ' ', 2)}",
            cities[city][1],
            cities[city][0],
            cities[city][2],
        )
        for number, kind, street, city in zip(numbers, kinds, streets, city_codes, strict=True)
    ]
    span = config.end - config.start
    after = np.arange(households)
    after[is_moving] = households + np.arange(int(is_moving.sum()))
    moved = np.full(households, NEVER)
    moved[is_moving] = (
        config.start - 300 * DAY + (rng.random(int(is_moving.sum())) * (span + 300 * DAY)).astype(np.int64)
    )
    address, address_after, moved_at = household.copy(), after[household], moved[household]
    address_after[is_leaving] = total - len(is_leaving) + np.arange(len(is_leaving))
    moved_at[is_leaving] = config.start + (rng.random(len(is_leaving)) * span).astype(np.int64)
    return addresses, address, address_after.astype(np.int32), moved_at


def _mailboxes(
    rng: np.random.Generator, config: WorldConfig, who: tuple[Array, Array, Array, Array], emails: EmailBook
) -> tuple[Array, Array, Ints, Array]:
    """Open the mailboxes: main, the one after a change, a second one, and one per family that shares."""
    household, given, family, birth_day = who
    count = len(household)
    domains = [provider for provider, _ in PROVIDERS]
    weights = np.array([weight for _, weight in PROVIDERS], dtype=np.float64)
    choose = rng.choice(len(domains), (3, count), p=weights / weights.sum()).tolist()
    styles = rng.integers(0, 6, (3, count)).tolist()
    years = (1970 + birth_day / 365.25).astype(np.int64).tolist()
    main = np.full(count, -1, dtype=np.int32)
    second, after = main.copy(), main.copy()
    has_main, has_second = rng.random(count) < 0.95, rng.random(count) < 0.28
    is_changed = rng.random(count) < config.share(0.14, power=1.3)
    for person in range(count):
        parts = (slug(given[person]), slug(family[person]))
        for book, wanted, which in ((main, has_main, 0), (second, has_second, 1), (after, is_changed, 2)):
            if wanted[person]:
                local = _local_part(parts, styles[which][person], years[person])
                book[person] = emails.open(local, domains[choose[which][person]], years[person])
    size = np.bincount(household)
    is_sharing = (size > 1) & (rng.random(len(size)) < config.share(0.27, power=2.0))
    family_box = np.full(len(size), -1, dtype=np.int32)
    head = np.full(len(size), -1)
    head[household[::-1]] = np.arange(count)[::-1]
    for home in np.flatnonzero(is_sharing).tolist():
        local = f"{('famille', 'les', 'fam')[home % 3]}.{slug(family[head[home]])}"
        family_box[home] = emails.open(local, domains[choose[0][head[home]]], home)
    uses_family = (family_box[household] >= 0) & (rng.random(count) < 0.85)
    main = np.where(uses_family, family_box[household], main)
    is_changed &= main >= 0
    span = config.end - config.start + 400 * DAY
    changed_at = np.where(
        is_changed, config.start - 400 * DAY + (rng.random(count) * span).astype(np.int64), NEVER
    )
    return main, np.where(is_changed, after, main), changed_at, second


def _local_part(parts: tuple[str, str], style: int, year: int) -> str:
    first, last = parts
    return (
        f"{first}.{last}",
        f"{first[:1]}.{last}",
        f"{first}{last}",
        f"{last}.{first}",
        f"{first}.{last}{year % 100:02d}",
        f"{first}{year}",
    )[style]


def _lines(
    rng: np.random.Generator, config: WorldConfig, household: Array, phones: PhoneBook
) -> tuple[Array, Array, Ints, Array, Array, Array]:
    """Give out numbers: personal ones, new ones after a change (often an old one of someone else), a line per home."""
    count = len(household)
    homes = int(household.max()) + 1
    phone = np.full(count, -1, dtype=np.int32)
    wanted = np.flatnonzero(rng.random(count) < 0.86)
    is_changed = np.zeros(count, dtype=np.bool_)
    is_changed[wanted] = rng.random(len(wanted)) < config.share(0.20, power=1.3)
    span = config.end - config.start + 500 * DAY
    changed_at = np.where(
        is_changed, config.start - 500 * DAY + (rng.random(count) * span).astype(np.int64), NEVER
    )
    with_line = np.flatnonzero(rng.random(homes) < 0.33)
    budget = rng.permutation(wanted)
    phone[budget] = phones.allocate(len(budget), is_mobile=True)
    line_of_home = np.full(homes, -1, dtype=np.int32)
    line_of_home[with_line] = phones.allocate(len(with_line), is_mobile=False)
    is_changed &= phone >= 0
    changed_at[~is_changed] = NEVER
    after = phone.copy()
    is_recycled = np.zeros(count, dtype=np.bool_)
    movers = np.flatnonzero(is_changed)[np.argsort(changed_at[is_changed], kind="stable")]
    fresh = phones.allocate(len(movers), is_mobile=True)
    released = 0
    for position, person in enumerate(movers.tolist()):
        gap = changed_at[person] - changed_at[movers[released]] if released < position else 0
        if gap > 60 * DAY and rng.random() < 0.7:
            after[person] = phone[movers[released]]
            is_recycled[person] = True
            released += 1
        elif fresh[position] >= 0:
            after[person] = fresh[position]
    has_phone = np.zeros(count, dtype=np.bool_)
    has_phone[wanted] = True
    return phone, after, changed_at, line_of_home[household], is_recycled, has_phone
