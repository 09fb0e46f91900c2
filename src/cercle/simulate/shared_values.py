"""A register in which values are shared: desk telephones, info@ boxes, household numbers, placeholders; with the truth.

Joined by equal values alone, most of it would be one person. Names, mailboxes and numbers are those of the simulator:
nobody in it exists.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cercle.simulate import names
from cercle.simulate.contact_points import BAD_EMAILS, BAD_PHONES, PROVIDERS, PhoneBook, company_number, slug
from cercle.simulate.spelling import write_names

__all__ = ["SharedWorld", "simulate_shared"]

_COLUMNS = (
    "customer_ref",
    "updated_at",
    "kind",
    "first_name",
    "last_name",
    "birth_date",
    "email",
    "phone",
    "loyalty_id",
    "postcode",
    "city",
)
# Shares of the records; what is left has the person's own mailbox, or none.
_DESK, _BOX, _HOME, _PLACEHOLDER, _OWN_MAILBOX = 0.05, 0.03, 0.10, 0.03, 0.62
_CARD, _BIRTH_DATE, _PLACE, _WRONG_NAME = 0.45, 0.40, 0.75, 0.06
_KINDS = ("loyalty", "till", "web_account")
_CHUNK = 50_000


@dataclass(frozen=True)
class SharedWorld:
    """The parameters of a register. The same ones give the same bytes.

    Attributes:
        records: how many customer records.
        seed: any non-negative integer.
        landing: folder for store/customers/.
        truth: folder for record_people.csv.
        desks: telephones of shops' desks, each on thousands of records.
        boxes: mailboxes such as info@, of companies.
    """

    records: int
    seed: int
    landing: Path
    truth: Path
    desks: int = 150
    boxes: int = 60


@dataclass(frozen=True)
class _People:
    """One position per person; home is the number of the household."""

    given: npt.NDArray[np.object_]
    family: npt.NDArray[np.object_]
    home: npt.NDArray[np.int64]
    birth_day: npt.NDArray[np.int64]
    city: npt.NDArray[np.int64]


def simulate_shared(world: SharedWorld) -> None:
    """Write the register and its truth, a chunk at a time.

    Args:
        world: size, seed and folders.
    """
    rng = np.random.default_rng([world.seed, 20])
    people = _people(rng, max(world.records * 2 // 5, 10))
    lines = PhoneBook(np.random.default_rng([world.seed, 21]))
    line_of_home = lines.allocate(int(people.home.max()) + 1, is_mobile=True)
    folder = world.landing / "store" / "customers"
    folder.mkdir(parents=True, exist_ok=True)
    world.truth.mkdir(parents=True, exist_ok=True)
    with (world.truth / "record_people.csv").open("w", encoding="utf-8", newline="") as truth_file:
        truth = csv.writer(truth_file, lineterminator="\n")
        truth.writerow(("record_key", "person_id", "is_profile"))
        for first in range(0, world.records, _CHUNK):
            count = min(_CHUNK, world.records - first)
            person = rng.integers(0, len(people.given), count)
            with (folder / f"customers_{first // _CHUNK:03}.csv").open(
                "w", encoding="utf-8", newline=""
            ) as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(_COLUMNS)
                for number, row in enumerate(_rows(rng, world, people, person, lines, line_of_home)):
                    reference = f"S{first + number:08}"
                    writer.writerow((reference, *row))
                    truth.writerow((f"customers:store:{reference}", f"p{person[number]:08}", "true"))


def _people(rng: np.random.Generator, count: int) -> _People:
    """Households of one to four, a generation apart; nobody at home has the same given name as another one there."""
    sizes = rng.choice([1, 2, 3, 4], count, p=[0.5, 0.28, 0.12, 0.10])
    home = np.repeat(np.arange(count), sizes)[:count]
    place = np.arange(count) - np.searchsorted(home, home)
    generation = np.where(place >= 2, 2, rng.integers(0, 3, int(home.max()) + 1)[home])
    gender = np.where(place % 2 == 0, rng.integers(0, 2, int(home.max()) + 1)[home], 0)
    given = np.empty(count, dtype=object)
    for word, sex in (("female", 0), ("male", 1)):
        for age in range(3):
            pool = np.array(names.GIVEN[(word, age)], dtype=object)
            chosen = np.flatnonzero((gender == sex) & (generation == age))
            # neighbours at home take neighbouring names of the list, and so never the same
            given[chosen] = pool[
                (rng.integers(0, len(pool), int(home.max()) + 1)[home[chosen]] + place[chosen]) % len(pool)
            ]
    families = np.array([*names.FAMILY, *names.RARE_FAMILY], dtype=object)
    family = families[rng.integers(0, len(families), int(home.max()) + 1)][home]
    birth_day = rng.integers(-14_000, 13_000, count)
    city = rng.integers(0, len(names.CITIES), int(home.max()) + 1)[home]
    return _People(given, family, home, birth_day, city)


def _rows(
    rng: np.random.Generator,
    world: SharedWorld,
    people: _People,
    person: npt.NDArray[np.int64],
    lines: PhoneBook,
    line_of_home: npt.NDArray[np.int32],
) -> Iterator[tuple[str, ...]]:
    count = len(person)
    given, family, _ = write_names(rng, people.given[person], people.family[person], _WRONG_NAME)
    draws = rng.random((7, count))
    which = rng.integers(0, 1 << 30, (4, count))
    days = np.datetime64("1970-01-01") + people.birth_day[person]
    for index, who in enumerate(person.tolist()):
        share, mailbox, card, born, placed, kind, phone_kind = draws[:, index].tolist()
        desk, box, bad, version = which[:, index].tolist()
        line = int(line_of_home[people.home[who]])
        phone = email = ""
        if phone_kind < _DESK:
            phone = company_number(desk % world.desks)
        elif phone_kind < _DESK + _HOME:
            phone = lines.numbers[line] if line >= 0 else ""
        elif phone_kind < _DESK + _HOME + _PLACEHOLDER:
            phone = BAD_PHONES[bad % len(BAD_PHONES)]
        if share < _BOX:
            email = f"info@firma{box % world.boxes:02}.example"
        elif share < _BOX + _PLACEHOLDER:
            email = BAD_EMAILS[bad % len(BAD_EMAILS)]
        elif mailbox < _OWN_MAILBOX:
            provider = PROVIDERS[who % len(PROVIDERS)][0]
            email = f"{slug(people.given[who])}.{slug(people.family[who])}.{who}@{provider}"
        city, postcode, _ = names.CITIES[people.city[who]]
        yield (
            f"2026-01-{1 + version % 28:02}T00:00:00Z",
            _KINDS[int(kind * 3)],
            given[index],
            family[index],
            str(days[index]) if born < _BIRTH_DATE else "",
            email,
            phone,
            f"29{who:08}" if card < _CARD else "",
            postcode if placed < _PLACE else "",
            city if placed < _PLACE else "",
        )
