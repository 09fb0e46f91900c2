"""What the plan of permissions allows in the end, for the lines whose answer needs no rule engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.consent import Consents
from cercle.simulate.orders import Orders
from cercle.simulate.people import People
from cercle.simulate.permission_words import CHANNELS, PATTERNS, PURPOSES, TYPES
from cercle.simulate.privacy import contact_point
from cercle.simulate.records import Records

__all__ = ["planned_decisions"]

Array = npt.NDArray[Any]
_HEADER = (
    "person_id",
    "customer_ref",
    "contact_point",
    "channel",
    "purpose",
    "pattern",
    "given_at",
    "decision",
    "reason",
    "is_simple",
)
_EXPECTED = {
    "granted": ("ALLOW", "CONSENT"), "doi_confirmed": ("ALLOW", "CONSENT"), "regranted": ("ALLOW", "CONSENT"),
    "withdrawn": ("DENY", "WITHDRAWN"), "refused": ("DENY", "REFUSED"), "objected": ("DENY", "OBJECTED"),
    "bounced": ("DENY", "UNREACHABLE"), "doi_pending": ("DENY", "PENDING_DOI"), "doi_late": ("DENY", "PENDING_DOI"),
    "not_given": ("DENY", "NO_BASIS"), "preticked": ("DENY", "INVALID_METHOD"), "no_proof": ("DENY", "NO_PROOF"),
    "wrong_notice": ("DENY", "NOT_COVERED_BY_NOTICE"), "invalidated": ("DENY", ""), "quarantined": ("DENY",
    "QUARANTINED"),
    "annulled": ("DENY", ""), "reloaded": ("DENY", "WITHDRAWN"), "none": ("DENY", "NO_BASIS"),
}  # fmt: skip
_STOPS = {"withdrawn", "refused", "objected", "bounced", "reloaded", "regranted"}


def planned_decisions(
    config: WorldConfig,
    people: People,
    accounts: Accounts,
    orders: Orders,
    records: Records,
    consents: Consents,
) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """Return header and rows of the truth about permissions, one row per line of the plan.

    A line is simple where nothing but its own events decides: the person is of age, has just this line for the
    channel, nothing else stops or restricts him, nobody shares the contact point, and, for a deny without a stop,
    no sale could allow it.

    Args:
        config: clock.
        people: the people.
        accounts: their accounts.
        orders: sales, which are a ground of their own.
        records: customer records.
        consents: the plan.
    """
    lines = consents.lines
    count = len(lines["record"])
    patterns = tuple(PATTERNS)
    names = np.array(patterns, dtype=object)[lines["pattern"]]
    person, cp = lines["person"], lines["cp"] + (lines["cp_kind"] << 40)
    shown = [
        (codes[codes >= 0].astype(np.int64) + (kind << 40), records.person[codes >= 0])
        for kind, codes in ((0, records.email), (1, records.phone), (1, records.phone_2))
    ]
    is_shared = _several(cp, person, [(cp, person), *shown])
    same_channel = (
        np.bincount(person * 8 + lines["channel"], minlength=len(people) * 8)[person * 8 + lines["channel"]]
        > 1
    )
    stops = np.isin(names, list(_STOPS))
    stops_of = np.bincount(person, weights=stops, minlength=len(people))[person] - stops
    disturbed = np.zeros(len(people), dtype=np.bool_)
    events = consents.events
    odd = np.isin(
        events["type"],
        [TYPES.index(kind) for kind in ("restriction_on", "contact_point_replaced", "contact_point_released",
        "guardian_consent", "call_refused")],
    ) | (events["twin_of"] >= 0)  # fmt: skip
    odd |= np.isin(events["channel"], (3, 4)) & np.isin(
        events["type"], (TYPES.index("objection"), TYPES.index("consent_refused"))
    )
    disturbed[events["person"][odd & (events["person"] >= 0)]] = True
    known = orders.person >= 0
    buys = np.zeros(len(people), dtype=np.bool_)
    buys[orders.person[known & ((orders.email >= 0) | (orders.phone >= 0))]] = True
    is_minor = (config.end // DAY - people.birth_day[person]) < 18 * 366
    is_recent = lines["at"] > config.end - 1000 * DAY
    ambiguous = np.isin(
        names,
        [
            "not_given",
            "none",
            "doi_pending",
            "doi_late",
            "preticked",
            "no_proof",
            "wrong_notice",
            "quarantined",
            "invalidated",
            "annulled",
        ],
    )
    changed = (people.email_changed_at[person] < config.end) | (people.phone_changed_at[person] < config.end)
    is_simple = (
        ~is_shared & ~same_channel & (stops_of == 0) & ~disturbed[person] & ~is_minor & is_recent & ~changed
    )
    is_simple &= ~(ambiguous & buys[person])
    is_simple &= (
        ~np.isin(names, ["invalidated", "annulled"])
        & (lines["purpose"] != 2)
        & (lines["at"] < config.end - 3 * DAY)
    )
    is_simple &= (
        lines["channel"] != 2
    ) | ~ambiguous  # before the law changed, the telephone had grounds of its own

    def rows() -> Iterator[tuple[Any, ...]]:
        when = np.datetime_as_string(lines["at"].astype("datetime64[s]")).tolist()
        for row in range(count):
            decision, reason = _EXPECTED[names[row]]
            yield (
                f"p{person[row]:07d}", f"C{lines['record'][row]:07d}",
                contact_point(people, accounts, int(lines["cp_kind"][row]), int(lines["cp"][row])),
                CHANNELS[lines["channel"][row]], PURPOSES[lines["purpose"][row]], names[row], f"{when[row]}Z",
                decision, reason,
                "true" if is_simple[row] else "false",
            )  # fmt: skip

    return _HEADER, rows()


def _several(key: Array, person: Array, shown: list[tuple[Array, Array]]) -> Array:
    """Which rows have a key that another person shows somewhere too."""
    del person
    keys_of, persons_of = (
        np.concatenate([np.asarray(part[i], dtype=np.int64) for part in shown]) for i in (0, 1)
    )
    pairs = np.unique(np.stack([keys_of, persons_of], axis=1), axis=0)
    keys, counts = np.unique(pairs[:, 0], return_counts=True)
    several: Array = counts[np.searchsorted(keys, key)] > 1
    return several
