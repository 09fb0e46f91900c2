"""The tables of the source privacy: consent events, notices, requests."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.channels import LANGUAGES
from cercle.simulate.clock import NULL_TIME, Ints, draw_instants
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.consent import Consents
from cercle.simulate.people import People
from cercle.simulate.permission_words import ACTORS, CHANNELS, METHODS, NOTICES, PURPOSES, SYSTEMS, TYPES
from cercle.simulate.records import Records
from cercle.simulate.shop import BRANDS, CONTROLLERS
from cercle.simulate.table import (
    Bools,
    Column,
    Computed,
    Constant,
    Dates,
    Identifiers,
    Pool,
    Table,
    Texts,
    Times,
)
from cercle.simulate.written import clean_emails, clean_phones

__all__ = ["consent_events_table", "contact_point", "notices_table", "requests_table"]

Array = npt.NDArray[Any]


def contact_point(people: People, accounts: Accounts, kind: int, code: int) -> str | None:
    """Return `kind:value` of a contact point; None for none."""
    if code < 0 or kind < 0:
        return None
    if kind == 0:
        return f"email:{people.emails.addresses[code]}"
    if kind == 1:
        return f"tel:{people.phones.numbers[code]}"
    if kind == 2:
        line, postcode, city, _ = people.addresses[code]
        return f"addr:{line}, {postcode} {city}"
    return f"social:{accounts.refs(np.array([code]))[0]}"


def consent_events_table(
    config: WorldConfig, people: People, accounts: Accounts, consents: Consents
) -> Table:
    """Return the table `consent_events`."""
    events = consents.events
    order = np.argsort(events["recorded_at"], kind="stable")
    order = order[events["recorded_at"][order] < config.end]
    rng = config.rng("consent_events")
    total = len(events)
    tags = rng.integers(16**7, 16**8, total).tolist()

    def points(field: str) -> Column:
        def texts(rows: Ints) -> list[str | None]:
            at = order[rows]
            pairs = zip(events["cp_kind"][at].tolist(), events[field][at].tolist(), strict=True)
            return [contact_point(people, accounts, kind, code) for kind, code in pairs]

        return Computed(texts)

    def pool(values: tuple[str, ...], field: str) -> Column:
        return Pool(values, events[field][order])

    own = np.where(events["twin_of"] >= 0, events["twin_of"], np.arange(total))[order]
    evidence = np.where(events["has_evidence"][order] > 0, 0, -1)
    objects = np.flatnonzero(
        (events["type"] == TYPES.index("objection")) & (events["channel"] < 0) & (np.arange(total) % 9 == 0)
    )
    lists = np.full(total, -1)
    every = np.flatnonzero((events["type"] == TYPES.index("objection")) & (events["channel"] < 0))
    lists[np.concatenate([objects, every[:1]])] = 0
    listed = json.dumps(["direct_marketing", "marketing_profiling"])
    notice = events["notice"][order]
    columns: dict[str, Column] = {
        "source_system": pool(SYSTEMS, "system"),
        "event_id": Identifiers("CE", own, 9),
        "recorded_at": Times(events["recorded_at"][order]),
        "occurred_at": Times(events["occurred_at"][order]),
        "type": pool(TYPES, "type"),
        "source_ref": Identifiers("C", np.where(events["system"] == 0, events["record"], -1)[order]),
        "contact_point": points("cp"),
        "channel": pool(CHANNELS, "channel"),
        "purpose": pool(PURPOSES, "purpose"),
        "purposes": Pool([listed], lists[order]),
        "controller": Pool(CONTROLLERS, np.where((np.arange(total) % 3 == 0)[order], events["brand"][order], -1)),
        "scope": Pool(("contact_point", "channel", "person"), events["scope"][order]),
        "actor": pool(ACTORS, "actor"),
        "method": pool(METHODS, "method"),
        "notice_id": Pool([entry.notice_id for entry in NOTICES], notice),
        "notice_version": Pool([entry.version for entry in NOTICES], notice),
        "is_explicit": Bools(events["is_explicit"][order]),
        "is_double_opt_in": Bools(events["is_doi"][order]),
        "evidence": Computed(lambda rows: [f"proof-{tags[row]:08x}" if flag >= 0 else None for row,
        flag in zip(order[rows].tolist(), evidence[rows].tolist(), strict=True)]),
        "for_event_id": Identifiers("CE", events["for_event"][order], 9),
        "annuls_event_id": Identifiers("CE", events["annuls"][order], 9),
        "from_contact_point": points("from_cp"),
        "to_contact_point": points("to_cp"),
        "language": Pool(LANGUAGES, events["language"][order]),
        "brand_id": Pool(BRANDS, events["brand"][order]),
    }  # fmt: skip
    columns["purposes"].kind = "json"
    kind, cp = events["cp_kind"][order], events["cp"][order]
    record = np.where(events["system"] == 0, events["record"], -1)[order]
    return Table(
        "privacy", "consent_events", columns, events["recorded_at"][order], ("source_system", "event_id"), None,
        events["person"][order], False,
        {"email": np.where(kind == 0, cp, -1), "phone": np.where(kind == 1, cp, -1),
        "phone_2": events["from_cp"][order],
         "customer": record},
        {"serial": own},
    )  # fmt: skip


def notices_table(config: WorldConfig) -> Table:
    """Return the table `notices`."""
    end = config.end // DAY * DAY

    def before(days: int | None) -> int:
        return NULL_TIME if days is None else end - days * DAY

    valid_from = np.array([before(entry.valid_from) for entry in NOTICES])
    coverage = [
        json.dumps(
            [
                {"channel": channel, "purpose": purpose, "basis": basis}
                for channel, purpose, basis in entry.coverage
            ]
        )
        for entry in NOTICES
    ]
    recorded = np.maximum(valid_from - 10 * DAY, config.start - 500 * DAY)
    rows = np.arange(len(NOTICES))
    columns: dict[str, Column] = {
        "notice_id": Pool([entry.notice_id for entry in NOTICES], rows),
        "notice_version": Pool([entry.version for entry in NOTICES], rows),
        "recorded_at": Times(recorded),
        "language": Constant("fr"),
        "controller": Pool(CONTROLLERS, np.array([0 if entry.notice_id == "N-SKIN" else -1 for entry in NOTICES])),
        "jurisdiction": Constant("FR"),
        "wording": Pool([entry.wording for entry in NOTICES], rows),
        "valid_from": Times(valid_from),
        "valid_to": Times(np.array([before(entry.valid_to) for entry in NOTICES])),
        "invalidated_from": Times(np.array([before(entry.invalidated_from) for entry in NOTICES])),
        "invalidation_known_at": Times(np.array([before(entry.known_at) for entry in NOTICES])),
        "coverage": Pool(coverage, rows),
        "recipients": Pool([json.dumps(list(entry.recipients),
        ensure_ascii=False) if entry.recipients else None for entry in NOTICES], rows),
    }  # fmt: skip
    columns["coverage"].kind = columns["recipients"].kind = "json"
    return Table(
        "privacy", "notices", columns, recorded, ("notice_id", "notice_version"), "recorded_at", np.full(len(rows), -1),
        flags={"is_current": np.ones(len(rows), dtype=np.bool_)},
    )  # fmt: skip


def requests_table(config: WorldConfig, people: People, records: Records) -> Table:
    """Return the table `requests`: as received, and again when closed."""
    rng = config.rng("requests")
    wanted = max(round(len(records) * 0.009 * config.days / 365), 4)
    record = rng.choice(len(records), min(wanted, len(records)), replace=False)
    room = config.end - 2 * DAY - np.maximum(records.created_at[record], config.start)
    kept = room > DAY
    record, room = record[kept], room[kept]
    count = len(record)
    person = records.person[record]
    day = (
        np.maximum(records.created_at[record], config.start) + (rng.random(count) * room).astype(np.int64)
    ) // DAY + 1
    received = np.minimum(draw_instants(rng, day, "online"), config.end - DAY)
    kinds = ("access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal")
    kind = rng.choice(7, count, p=[0.3, 0.1, 0.24, 0.04, 0.04, 0.14, 0.14])
    closed = received + (rng.gamma(3.0, 6.0, count) * DAY).astype(np.int64) + 3600
    # An erasure that was executed is a history of its own; here it is accepted at most.
    final = np.where(
        kind == 2,
        rng.choice([2, 4, 1], count, p=[0.7, 0.1, 0.2]),
        rng.choice([5, 4, 3], count, p=[0.88, 0.06, 0.06]),
    )
    later = np.flatnonzero(closed < config.end)
    row = np.concatenate([np.arange(count), later])
    is_later = np.arange(len(row)) >= count
    written = np.where(is_later, closed[row], received[row])
    ends = is_later & np.isin(final[row], (4, 5))
    channels = ("web_form", "email", "letter", "authority", "store")
    channel = rng.choice(5, count, p=[0.45, 0.35, 0.1, 0.04, 0.06])
    email = np.where(rng.random(count) < 0.8, people.email_at(person, received), -1)
    phone = np.where(rng.random(count) < 0.3, people.phone_at(person, received), -1)
    shown = np.where(rng.random(count) < 0.4, record, -1)
    place = np.where(rng.random(count) < 0.5, people.address_at(person, received), -1)
    birth = np.where(rng.random(count) < 0.35, people.birth_day[person], NULL_TIME)
    is_current = np.ones(len(row), dtype=np.bool_)
    is_current[later] = False
    parts = [[address[part] for address in people.addresses] for part in range(3)]
    columns: dict[str, Column] = {
        "request_id": Identifiers("DR", row, 6),
        "updated_at": Times(written),
        "received_at": Times(received[row]),
        "kind": Pool(kinds, kind[row]),
        "status": Pool(
            ("received", "identity_check", "accepted", "extended", "refused", "done"),
            np.where(is_later, final[row], 0),
        ),
        "closed_at": Times(np.where(ends, closed[row], NULL_TIME)),
        "channel": Pool(channels, channel[row]),
        "customer_ref": Identifiers("C", shown[row]),
        "customer_source": Pool(("store",), np.where(shown >= 0, 0, -1)[row]),
        "first_name": Texts(people.given[person][row]),
        "last_name": Texts(people.family_at(person, received)[row]),
        "birth_date": Dates(birth[row]),
        "email": clean_emails(people.emails, email[row]),
        "phone": clean_phones(people.phones, phone[row]),
        "address_line": Pool(parts[0], place[row]),
        "postcode": Pool(parts[1], place[row]),
        "city": Pool(parts[2], place[row]),
        "brand_id": Pool(BRANDS, records.brand[record][row]),
    }
    return Table(
        "privacy", "requests", columns, written, ("request_id",), "updated_at", person[row], False,
        {"customer": shown[row], "email": email[row], "phone": phone[row]}, {"is_current": is_current},
    )  # fmt: skip
