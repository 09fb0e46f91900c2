"""The seed of public holidays is what the library `holidays` says, for every year that the calendars cover."""

from __future__ import annotations

import csv
from datetime import date

import holidays

from cercle.paths import package_root

SEED = package_root() / "seeds" / "service" / "public_holidays.csv"


def read_seed() -> dict[date, str]:
    with SEED.open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["holiday_date"]): row["name"] for row in csv.DictReader(file)}


def test_the_seed_is_the_library_for_its_years() -> None:
    seed = read_seed()
    years = range(min(seed).year, max(seed).year + 1)
    assert seed == dict(holidays.country_holidays("FR", years=years, language="fr"))


def test_it_covers_the_years_of_the_product_without_alsace_moselle() -> None:
    seed = read_seed()
    assert {2010, 2017, *range(2024, 2029)} <= {day.year for day in seed}
    assert date(2025, 4, 18) not in seed, "Good Friday is a holiday in Alsace-Moselle alone"
    assert date(2025, 12, 26) not in seed
    assert date(2026, 7, 14) in seed
