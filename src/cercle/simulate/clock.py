"""Times of the made-up world: seconds since 1970 in UTC, Paris time, opening hours, ISO 8601. All on whole arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "NULL_TIME",
    "Ints",
    "draw_instants",
    "iso",
    "local_day",
    "paris_offset",
    "paris_to_utc",
    "to_hours",
]

Ints = npt.NDArray[np.int64]
NULL_TIME = np.iinfo(np.int64).min

_HOUR = 3600
_DAY = 86_400


def _changes() -> tuple[Ints, Ints]:
    """Every change of Paris time from 1996 on: last Sunday of March and October, 01:00 UTC (directive 2000/84/EC)."""
    instants: list[int] = []
    for year in range(1996, 2100):
        for month in (3, 10):
            last = datetime(year, month, 31, 1, tzinfo=UTC)
            sunday = last - timedelta(days=(last.weekday() + 1) % 7)
            instants.append(int(sunday.timestamp()))
    offsets = [_HOUR] + [2 * _HOUR if index % 2 == 0 else _HOUR for index in range(len(instants))]
    return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)


_INSTANTS, _OFFSETS = _changes()

# Share of a day's contacts by hour of the day, Paris time.
HOURS: dict[str, list[float]] = {
    "shop": [0.0] * 10 + [6, 9, 8, 6, 8, 10, 11, 12, 11, 5] + [0] * 4,
    "online": [2, 1, 0.4, 0.2, 0.2, 0.4, 1, 3, 4, 5, 5, 5, 6, 6, 5, 5, 5, 6, 7, 8, 9, 9, 8, 4],
    "phone": [0.0] * 8 + [3, 9, 11, 10, 6, 6, 9, 10, 9, 8, 5, 2] + [0] * 4,
    "office": [0.0] * 9 + [8, 12, 11, 4, 5, 11, 12, 10, 5] + [0] * 6,
}


def paris_offset(utc: Ints) -> Ints:
    """Return the offset of Paris from UTC, in seconds, at each instant."""
    return _OFFSETS[np.searchsorted(_INSTANTS, utc, side="right")]


def paris_to_utc(local: Ints) -> Ints:
    """Return the instant of a wall-clock time in Paris; a time that the spring change skips moves on by an hour."""
    utc: Ints = local - paris_offset(local - 2 * _HOUR)
    return utc


def local_day(utc: Ints) -> Ints:
    """Return the day number (days since 1970) in Paris."""
    days: Ints = (utc + paris_offset(utc)) // _DAY
    return days


def draw_instants(rng: np.random.Generator, days: npt.NDArray[Any], kind: str) -> Ints:
    """Draw a plausible instant on each Paris day.

    Args:
        rng: the stream.
        days: day numbers since 1970.
        kind: one of HOURS.

    Returns:
        Instants in UTC seconds.
    """
    weights = np.array(HOURS[kind], dtype=np.float64)
    hours = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(len(days)), side="right")
    seconds = rng.integers(0, _HOUR, len(days))
    return paris_to_utc(days.astype(np.int64) * _DAY + hours.clip(0, 23) * _HOUR + seconds)


def to_hours(
    rng: np.random.Generator, utc: Ints, opens: int, closes: int, *, is_weekend_open: bool = True
) -> Ints:
    """Move each instant outside of opening hours to shortly after the next opening.

    Args:
        rng: for the minutes after the opening.
        utc: instants.
        opens: hour of opening in Paris.
        closes: hour of closing in Paris.
        is_weekend_open: whether Saturday and Sunday are working days.

    Returns:
        Instants inside the hours, never before the ones given.
    """
    local = utc + paris_offset(utc)
    day, second = local // _DAY, local % _DAY
    is_late = second >= closes * _HOUR
    day = day + is_late
    is_moved = is_late | (second < opens * _HOUR)
    if not is_weekend_open:
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        is_closed = weekday >= 5
        day = day + np.where(is_closed, 7 - weekday, 0)
        is_moved = is_moved | is_closed
    lag = rng.integers(60, 5400, len(utc))
    moved = paris_to_utc(day * _DAY + opens * _HOUR + lag)
    return np.where(is_moved, np.maximum(moved, utc), utc)


def iso(utc: Ints, *, is_paris: bool) -> list[str | None]:
    """Write instants as ISO 8601 with their zone, `Z` or the offset of Paris; NULL_TIME as None."""
    is_null = utc == NULL_TIME
    known = np.where(is_null, 0, utc)
    if not is_paris:
        texts = np.datetime_as_string(known.astype("datetime64[s]")).tolist()
        written = [text + "Z" for text in texts]
    else:
        offset = paris_offset(known)
        texts = np.datetime_as_string((known + offset).astype("datetime64[s]")).tolist()
        suffixes = np.where(offset == _HOUR, "+01:00", "+02:00").tolist()
        written = [text + suffix for text, suffix in zip(texts, suffixes, strict=True)]
    if not is_null.any():
        return list(written)
    return [None if null else text for null, text in zip(is_null.tolist(), written, strict=True)]
