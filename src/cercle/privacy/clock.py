"""The answer clock of a request: one calendar month from the day of receipt in Paris, three when extended."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import psycopg

__all__ = ["PARIS", "due_date", "is_working_day", "keep_holidays", "public_holidays"]

PARIS = ZoneInfo("Europe/Paris")
_MONTHS = 1
_MONTHS_EXTENDED = 3
_SATURDAY = 5


def due_date(received_at: datetime, is_extended: bool = False) -> date:
    """Return the last day on which a request can be answered in time (GDPR 12(3), Regulation 1182/71).

    Args:
        received_at: with its zone; the day counts as it was in Paris.
        is_extended: three months instead of one.

    Returns:
        The day with the same number, or the month's last; on a weekend or a French public holiday the next
        working day.

    Raises:
        ValueError: the time has no zone.
    """
    if received_at.tzinfo is None:
        raise ValueError("received_at needs a time zone")
    day = _months_later(received_at.astimezone(PARIS).date(), _MONTHS_EXTENDED if is_extended else _MONTHS)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def is_working_day(day: date) -> bool:
    """Tell whether a day is from Monday to Friday and no French public holiday (Alsace-Moselle's own not counted)."""
    return day.weekday() < _SATURDAY and day not in public_holidays(day.year)


@lru_cache(maxsize=128)
def public_holidays(year: int) -> dict[date, str]:
    """Return the national public holidays of France in a year, with their French names."""
    import holidays

    return dict(holidays.country_holidays("FR", years=year, language="fr").items())


def keep_holidays(connection: psycopg.Connection, years: Iterable[int]) -> None:
    """Write the French public holidays of some years where decisions read them."""
    rows = [(day, name) for year in years for day, name in public_holidays(year).items()]
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into privacy.public_holidays (ledger, jurisdiction, holiday_date, name)
            values ('main', 'FR', %s, %s)
            on conflict do nothing
            """,
            rows,
        )


def _months_later(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
