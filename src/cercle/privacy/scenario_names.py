"""Scenarios made to fit one warehouse: each gets people, contact points, notices and events of its own.

In a file every scenario is a world for itself, and most of them tell of the same mailbox. On the ordinary source path
there is one ledger, so what two scenarios call alike is told apart here, in every spelling alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from cercle.load.normalise import normalise
from cercle.privacy.pseudonyms import split_contact_point
from cercle.privacy.scenarios import Scenario

__all__ = ["REGION", "separate_scenarios", "source_name"]

REGION = "FR"
_LOCAL_PART = re.compile(r"[^\s<>\"]+(?=@)")
_NO_NAME = re.compile(r"[^a-z0-9_-]")
# The last digits of a telephone number, which tell one line from another in any range of numbers.
_LINE_DIGITS = 6


def source_name(source_id: str) -> str:
    """Return the source instance that an identity `<source system>:<reference>` belongs to."""
    return source_id.partition(":")[0]


def separate_scenarios(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Return copies of scenarios that share no name: identities, contact points, notices, events.

    Args:
        scenarios: of the kinds that have events.

    Returns:
        In their order. Spellings are kept: two of one contact point stay two of one contact point.
    """
    numbers = _Numbers()
    return [_Names(f"s{place}x", numbers).scenario(scenario) for place, scenario in enumerate(scenarios)]


class _Numbers:
    """Gives each scenario telephone numbers that no other has, of the same range."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def another(self, number: str) -> str:
        """Return a number in E.164 that was not given out yet."""
        head, line = number[:-_LINE_DIGITS], int(number[-_LINE_DIGITS:])
        for step in range(10**_LINE_DIGITS):
            # A prime step: numbers that differ by little do not meet one another.
            other = f"{head}{(line + step * 7919) % 10**_LINE_DIGITS:0{_LINE_DIGITS}d}"
            if other not in self._taken:
                break
        self._taken.add(other)
        return other


class _Names:
    """The names of one scenario."""

    def __init__(self, prefix: str, numbers: _Numbers) -> None:
        self._prefix = prefix
        self._numbers = numbers
        self._lines: dict[str, str] = {}

    def scenario(self, scenario: Scenario) -> Scenario:
        """Return the scenario under its own names."""
        renamed: dict[str, Callable[[Any], Any]] = {
            "source_id": self.identity,
            "contact_point": self.contact_point,
            "from": self.contact_point,
            "to": self.contact_point,
            "notice": self._text,
            "source_event_id": self._text,
            "for": self._text,
            "annuls": self._text,
        }

        def each(name: str, own: str | None = None) -> list[dict[str, Any]]:
            """The items of a list; `own` is the name that an item gives itself, by default its place."""
            items = []
            for place, item in enumerate(scenario.get(name) or []):
                copy = {key: renamed[key](value) if key in renamed else value for key, value in item.items()}
                if own:
                    copy[own] = self._text(item.get(own, place))
                items.append(copy)
            return items

        return {
            **scenario,
            "notices": each("notices", own="id"),
            "events": each("events", own="id"),
            "sales": each("sales"),
            "activity": each("activity"),
            "contracts": each("contracts"),
            "call_attempts": each("call_attempts"),
            "identity_links": each("identity_links"),
            "queries": each("queries"),
            "rows": each("rows"),
            "bloctel_scrubs": [
                {**scrub, "listed": [self.contact_point(text) for text in scrub.get("listed") or []]}
                for scrub in scenario.get("bloctel_scrubs") or []
            ],
            "people": {
                self.identity(name): person for name, person in (scenario.get("people") or {}).items()
            },
        }

    def identity(self, source_id: str | None) -> str | None:
        """Return `<source instance>:<reference>`; the instance is named so that no configured one has its name."""
        if source_id is None:
            return None
        system, _, reference = source_id.partition(":")
        return f"scenario-{_NO_NAME.sub('-', system.lower())}:{self._prefix}{reference}"

    def contact_point(self, text: str | None) -> str | None:
        """Return a contact point in the same spelling, of another value."""
        if text is None:
            return None
        kind, value = split_contact_point(text)
        if kind == "tel":
            return f"tel:{self._telephone(value)}"
        if kind == "email" and _LOCAL_PART.search(value):
            return f"email:{_LOCAL_PART.sub(lambda found: self._prefix + found.group(), value, count=1)}"
        name, separator, _ = text.partition(":")
        return f"{name}{separator}{self._prefix}{value.lstrip()}" if separator else self._prefix + text

    def _telephone(self, text: str) -> str:
        number = normalise("phone", text, REGION).value
        if number is None or len(number) <= _LINE_DIGITS + 1:
            return self._prefix + text
        if number not in self._lines:
            self._lines[number] = self._numbers.another(number)
        other = self._lines[number]
        respelt = _with_last_digits(text, other[-_LINE_DIGITS:])
        return respelt if normalise("phone", respelt, REGION).value == other else other

    def _text(self, value: Any) -> str | None:
        return None if value is None else f"{self._prefix}{value}"


def _with_last_digits(text: str, digits: str) -> str:
    """Return a text with its last digits replaced, whatever stands between them."""
    characters = list(unicodedata.normalize("NFKC", text))
    places = [place for place, character in enumerate(characters) if character.isdigit()]
    for place, digit in zip(places[-len(digits) :], digits, strict=False):
        characters[place] = digit
    return "".join(characters)
