"""What of the waiting requests needs no judgement, and what runs out of time: the daily round."""

from __future__ import annotations

from dataclasses import dataclass

from cercle import db
from cercle.errors import CercleError
from cercle.privacy.rights import answer_request, list_requests
from cercle.settings import Settings

__all__ = ["Deadlines", "Stops", "answer_stops", "read_deadlines"]

# GDPR 21(2) and 7(3): nobody may weigh these against anything. A restriction has conditions (18), so people look at it.
_NO_JUDGEMENT = ("objection", "withdrawal")
_NOTE = "Takes effect without judgement; answered by the daily round."


@dataclass(frozen=True)
class Stops:
    """What became of the waiting objections and withdrawals.

    Attributes:
        answered_count: took effect: their events are in the ledger.
        left_count: of persons whom nothing links to a customer, or who cannot be named in the ledger.
    """

    answered_count: int
    left_count: int


@dataclass(frozen=True)
class Deadlines:
    """Waiting requests by the last day of their answer.

    Attributes:
        late_count: the last day is over.
        soon_count: it comes within the days that were asked about.
        next_keys: keys of these, the most urgent first; no personal value.
    """

    open_count: int
    late_count: int
    soon_count: int
    next_keys: tuple[str, ...]


def answer_stops(settings: Settings) -> Stops:
    """Fulfil waiting objections and withdrawals of known customers: stops bind from the moment of the request on.

    Args:
        settings: the database and the secret.
    """
    with db.connect(settings) as connection:
        waiting = [row for row in list_requests(connection) if row["kind"] in _NO_JUDGEMENT]
    answered = 0
    for row in waiting:
        try:
            answer_request(settings, row["request_key"], "fulfilled", _NOTE)
        except CercleError:  # nobody is linked to it: a person finds out whose it is
            continue
        answered += 1
    return Stops(answered, len(waiting) - answered)


def read_deadlines(settings: Settings, days: int) -> Deadlines:
    """Return the waiting requests whose last day is over, or comes within some days.

    Args:
        settings: the database.
        days: how many, today included as none.
    """
    with db.connect(settings) as connection:
        waiting = list_requests(connection)
    urgent = [row for row in waiting if row["days_left"] <= days]
    late = sum(bool(row["is_late"]) for row in urgent)
    return Deadlines(len(waiting), late, len(urgent) - late, tuple(str(row["request_key"]) for row in urgent))
