"""Writes seeds/service/public_holidays.csv from the library `holidays`: French national holidays of the seed's years.

The years reach back to 2009 so that older data (UCI 2010, Complete Journey 2017) has a calendar too.
tests/python/test_public_holidays.py compares the seed with the library on every run.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import holidays

FIRST_YEAR, LAST_YEAR = 2009, 2030
SEED = Path(__file__).resolve().parent.parent / "seeds" / "service" / "public_holidays.csv"


def list_holidays() -> list[tuple[str, str, str]]:
    """Returns (country, ISO date, French name) of each national holiday, Alsace-Moselle's two left out."""
    days = holidays.country_holidays("FR", years=range(FIRST_YEAR, LAST_YEAR + 1), language="fr")
    return [("FR", day.isoformat(), days[day]) for day in sorted(days)]


def main() -> int:
    """Writes the seed; returns the exit code."""
    with SEED.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["country_code", "holiday_date", "name"])
        writer.writerows(list_holidays())
    return 0


if __name__ == "__main__":
    sys.exit(main())
