"""Checks at the two borders: of new deliveries in raw, and of the marts before they are published."""

from __future__ import annotations

from cercle.quality.marts import MartsCheck, check_marts
from cercle.quality.raw import CheckedLoad, RawCheck, check_raw, release, withdraw
from cercle.quality.results import Result

__all__ = [
    "CheckedLoad",
    "MartsCheck",
    "RawCheck",
    "Result",
    "check_marts",
    "check_raw",
    "release",
    "withdraw",
]
