"""Random worlds of consent, for comparison with the oracle.

Small closed sets of times, people and contact points make collisions (same instant, same id, same number) likely.
"""

# ruff: noqa: C901, E501, PLR0912

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from consent_oracle import CHANNELS, ENGAGING, MARKETING, STOPS, TYPES

_POINTS = [
    "email:a@exemple.fr",
    "email:b@exemple.fr",
    "tel:+33612345678",
    "tel:+33612345679",
    "addr:1 rue X",
    "social:x:a",
]
_SOURCES = ["web:1", "web:2", "pos:1", "pos:2", "crm:1"]
_OF_CHANNEL = {"email": 0, "sms": 2, "phone_call": 2, "phone_auto": 2, "postal": 4, "social_audience": 5}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def random_scenario(rng: random.Random, number: int) -> dict[str, Any]:
    """Return a scenario of kind effective_state without expectations."""
    base = rng.choice(
        [
            datetime(2026, 5, 4, 9, tzinfo=UTC),
            datetime(2026, 8, 3, 9, tzinfo=UTC),
            datetime(2024, 2, 29, 9, tzinfo=UTC),
        ]
    )
    steps = [0, 0, 1, 3, 7, 8, 20, 30, 45, 60, 61, 90, 1090, 1096, 1100]
    some = [
        base + timedelta(days=d, hours=h) for d in rng.sample(steps, 5) for h in (0, rng.choice([1, 3, 5]))
    ]

    def moment() -> datetime:
        return rng.choice(some)

    busy_channel = rng.choice([*_OF_CHANNEL, "email", "phone_call", "sms"])
    busy_purpose = rng.choice(
        [*sorted(MARKETING), "direct_marketing", "direct_marketing", "direct_marketing"]
    )

    def channel() -> str:
        return busy_channel if rng.random() < 0.85 else rng.choice(list(_OF_CHANNEL))

    def purpose() -> str:
        return busy_purpose if rng.random() < 0.85 else rng.choice(sorted(MARKETING))

    def point(of: str) -> str:
        return _POINTS[_OF_CHANNEL[of]] if rng.random() < 0.85 else rng.choice(_POINTS)

    def source() -> str:
        return _SOURCES[0] if rng.random() < 0.6 else rng.choice(_SOURCES)

    def event(index: int, kind: str) -> dict[str, Any]:
        of = channel()
        occurred = moment()
        e: dict[str, Any] = {
            "id": f"e{index}", "type": kind, "source_id": source(), "occurred_at": _iso(occurred),
            "recorded_at": _iso(occurred + rng.choice([timedelta(0), timedelta(0), timedelta(minutes=-5), timedelta(minutes=-6), timedelta(days=3)])),
        }  # fmt: skip
        if rng.random() < 0.04:
            del e["occurred_at"]
        elif rng.random() < 0.04:
            del e["recorded_at"]
        if rng.random() < 0.08:
            e["source_event_id"] = rng.choice(["A", "B"])
        if kind == "consent_given":
            e |= {
                "contact_point": point(of),
                "channel": of,
                "purpose": purpose(),
                "actor": "subject",
                "evidence": True,
            }
            e |= {
                "notice": rng.choice(["N1", "N1", "N1", "N1", "N2", "N3", "N4"]),
                "method": "web_form",
                "explicit": True,
            }
            if rng.random() < 0.3:
                e[rng.choice(["actor", "notice", "evidence", "explicit", "method"])] = None
            if rng.random() < 0.15:
                e["method"] = rng.choice(["preticked", "bulk_import", "crm_flag", "silence"])
            if rng.random() < 0.2:
                e["double_opt_in"] = True
            if rng.random() < 0.2:
                e["controller"] = rng.choice(["A", "B"])
            if rng.random() < 0.05:
                e[rng.choice(["actor", "scope"])] = "nobody"
        elif kind in STOPS:
            if rng.random() < 0.8:
                e["contact_point"] = point(of)
            if rng.random() < 0.85:
                e["channel"] = of
            if rng.random() < 0.5:
                e["purpose"] = purpose()
            if rng.random() < 0.15:
                e["purposes"] = rng.sample(sorted(MARKETING), 2)
            if rng.random() < 0.3:
                e["scope"] = rng.choice(["contact_point", "channel", "person"])
        elif kind == "contact_point_replaced":
            e |= {"from": point(of), "to": point(of), "actor": rng.choice(["subject", "subject", "operator"])}
        elif kind in ("doi_confirmed", "guardian_consent"):
            e["for"] = f"e{rng.randrange(index)}" if index else "nothing"
        elif kind == "annulment":
            e["annuls"] = f"e{rng.randrange(index)}" if index else "nothing"
        elif kind == "informed_optout_offered":
            e |= {"contact_point": point(of), "channel": of}
        elif kind not in ("restriction_on", "restriction_off", "erasure_executed"):
            e["contact_point"] = point(of)
            if kind == "contact_point_verified" and rng.random() < 0.3:
                e["actor"] = rng.choice(["subject", "operator"])
        return e

    kinds = ["consent_given"] * 14 + ["consent_withdrawn", "consent_refused", "objection"] * 2
    kinds += (
        ["informed_optout_offered"] * 2
        + ["doi_confirmed", "contact_point_replaced", "annulment"]
        + sorted(TYPES)
    )
    kinds = [kind for kind in kinds if kind != "erasure_executed" or rng.random() < 0.3]
    events = [event(index, rng.choice(kinds)) for index in range(rng.randrange(1, 10))]
    if events and rng.random() < 0.15:
        again = dict(rng.choice(events), id="again")
        again["source_event_id"] = again.get("source_event_id") or again["id"]
        events.append(again)
    links = []
    for source_id in _SOURCES:
        if rng.random() < 0.6:
            start = rng.choice([base - timedelta(days=400), moment()])
            end = moment() if rng.random() < 0.35 else None
            person = rng.choice(["P1", "P1", "P2"])
            links.append(
                {
                    "source_id": source_id,
                    "person_id": person,
                    "valid_from": _iso(start),
                    "valid_to": _iso(end) if end else None,
                    "recorded_at": _iso(start),
                }
            )
            if end and rng.random() < 0.5:
                links.append(
                    {
                        "source_id": source_id,
                        "person_id": "P2",
                        "valid_from": _iso(end),
                        "valid_to": None,
                        "recorded_at": _iso(end),
                    }
                )
    cover = [[c, p] for c in sorted(CHANNELS) for p in sorted(MARKETING)]
    notices = [
        {"id": "N1", "valid_from": "2020-01-01T00:00:00Z", "covers": cover, "recipients": ["X"]},
        {"id": "N2", "valid_from": "2020-01-01T00:00:00Z", "covers": cover, "recipients": [], "invalidated_recorded_at": _iso(moment())},
        {"id": "N3", "valid_from": _iso(moment()), "valid_to": _iso(moment() + timedelta(days=1)), "covers": cover, "recipients": ["X"]},
        {"id": "N4", "valid_from": "2020-01-01T00:00:00Z", "covers": [], "recipients": []},
    ]  # fmt: skip
    births = ["2011-05-04", "2008-02-29", "2009-08-03", "1980-01-01", "2012-02-29"]
    people = {s: {"birth_date": rng.choice(births)} for s in _SOURCES if rng.random() < 0.15}
    sales = [
        {"source_id": source(), "controller": rng.choice("AB"), "product_family": rng.choice(["shoes", "bags"]),
         "contact_point": point(rng.choice(["email", "sms"])), "collected_from_subject": rng.random() < 0.9,
         "optout_offered": rng.random() < 0.9, "occurred_at": _iso(moment()), "status": rng.choice(["completed", "completed", "cancelled"])}
        for _ in range(rng.choice([0, 0, 1, 2]))
    ]  # fmt: skip
    activity = [
        {
            "source_id": source(),
            "kind": rng.choice(["open", *sorted(ENGAGING)]),
            "occurred_at": _iso(moment()),
        }
        for _ in range(rng.choice([0, 0, 1, 3]))
    ]
    contracts = [
        {
            "source_id": source(),
            "start": _iso(moment()),
            "end": rng.choice([None, _iso(moment())]),
            "related_families": ["shoes"],
        }
        for _ in range(rng.choice([0, 0, 1]))
    ]
    scrubs = [
        {"scrubbed_at": _iso(when), "listed": rng.sample(_POINTS[2:4], rng.choice([0, 0, 1]))}
        for when in {
            moment() - rng.choice([timedelta(0), timedelta(days=1)]) for _ in range(rng.choice([0, 1, 2, 3]))
        }
    ]
    calls = [
        {"contact_point": rng.choice(_POINTS[2:4]), "at": _iso(moment())}
        for _ in range(rng.choice([0, 0, 2, 6]))
    ]
    queries = []
    for _ in range(12):
        of = channel()
        at = max(moment(), moment()) + rng.choice(
            [timedelta(0), timedelta(0), timedelta(seconds=-1), timedelta(days=7), timedelta(hours=2)]
        )
        q = {
            "valid_at": _iso(at), "known_at": rng.choice([_iso(at), *["2031-01-01T00:00:00Z"] * 3, _iso(moment())]),
            "source_id": source(), "contact_point": point(of), "channel": of, "purpose": purpose(),
        }  # fmt: skip
        if rng.random() < 0.08:
            q["purpose"] = rng.choice(
                ["rights_response", "security_notice", "service_transactional", "nothing"]
            )
        if rng.random() < 0.5:
            q["controller"] = rng.choice(["A", "A", "B"])
            q["product_family"] = rng.choice(["shoes", "bags"])
        if rng.random() < 0.7:
            q["recipient"] = rng.choice(["X", "X", "Y"])
        if rng.random() < 0.3:
            q["check_hours"] = True
        queries.append(q)
    return {
        "id": f"random {number}", "kind": "effective_state", "events": events, "identity_links": links, "notices": notices,
        "people": people, "sales": sales, "activity": activity, "contracts": contracts, "bloctel_scrubs": scrubs,
        "call_attempts": calls, "public_holidays": ["2026-05-08"] if rng.random() < 0.3 else [], "queries": queries,
    }  # fmt: skip
