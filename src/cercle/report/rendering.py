"""How pages are rendered: one set of filters for the templates beside this file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment"]

_TEMPLATES = Path(__file__).parent / "templates"


def environment(**filters: Callable[..., Any]) -> Environment:
    """Return an environment that escapes all values, and refuses names that are not given.

    Args:
        filters: further ones of a page.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters |= {
        "day": _day,
        "minute": _minute,
        "money": _money,
        "words": _words,
        "count": _count,
        **filters,
    }
    return made


def _day(value: datetime | date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else "–"


def _minute(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else "–"


def _money(amount: Decimal | float | None, currency: str | None) -> str:
    """Write an amount as in French: 1 234,50 EUR, with spaces that do not break."""
    if amount is None:
        return "–"
    digits = f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")
    return f"{digits}\u00a0{currency or ''}".strip()


def _words(value: object) -> str:
    return str(value).replace("_", " ") if value not in (None, "") else "–"


def _count(value: int | None) -> str:
    """Write a count with narrow spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f") if value is not None else "–"
