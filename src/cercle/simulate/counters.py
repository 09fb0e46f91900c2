"""The tables of calls and of visits to stores, from the log of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.channels import Context, either
from cercle.simulate.chatter import DESK
from cercle.simulate.clock import NULL_TIME, Ints
from cercle.simulate.contact_points import company_number
from cercle.simulate.records import Records
from cercle.simulate.scripts import TOPICS, Channel
from cercle.simulate.shop import STORES
from cercle.simulate.table import Column, Computed, Identifiers, Integers, Pool, Table, Times
from cercle.simulate.texts import Speech
from cercle.simulate.written import clean_emails, clean_phones

__all__ = ["calls_table", "visits_table"]

Array = npt.NDArray[Any]
VISITS = ("desk", "advice", "pick_up", "return")


def calls_table(context: Context) -> Table:
    """Return the table `calls` of the source phone."""
    config, steps, people = context.config, context.steps, context.people
    rng = config.rng("calls")
    serials = context.pick(Channel.CALL)
    count = len(serials)
    is_company = steps["is_company"][serials] > 0
    is_answered = steps["is_answered"][serials] > 0
    started = steps["time"][serials]
    draw = rng.random(count)
    outcome = np.where(
        is_answered,
        np.where(~is_company & (draw < 0.13), 2, 0),
        np.where((draw < 0.7) & ~is_company, 1, np.where(draw < 0.85, 3, 4)),
    )
    wait = np.where(is_company, rng.integers(5, 30, count), (rng.gamma(1.6, 55, count)).astype(np.int64))
    talk = (rng.gamma(2.0, 130, count)).astype(np.int64) + 15
    answered_at = np.where(is_answered, np.minimum(started + wait, config.end - 2), NULL_TIME)
    ended_at = np.minimum(started + wait + np.where(is_answered, talk, 0) + 1, config.end - 1)
    phone = steps["phone"][serials]
    shown = np.where(~is_company & (rng.random(count) < 0.06), -1, phone)
    line = rng.integers(0, 20, count)
    own = [company_number(index) for index in range(20)]
    theirs = clean_phones(people.phones, shown)
    ours_from, ours_to = Pool(own, np.where(is_company, line, -1)), Pool(own, np.where(is_company, -1, line))
    nobody = np.where(is_company, shown, -1)
    # Who is not known by the number says who he is.
    asks = np.where(shown < 0, 0.75, 0.35)
    record = np.where(is_answered & (rng.random(count) < asks), steps["record"][serials], -1)
    topic = np.where(is_answered & (rng.random(count) < 0.85), steps["topic"][serials], -1)
    record = np.where(is_company & (steps["case"][serials] < 0), steps["record"][serials], record)
    speech = Speech(steps, serials, config.seed)
    is_noted = is_answered & (rng.random(count) < 0.7)

    def transcripts(rows: Ints) -> list[str | None]:
        texts = speech.bodies(rows)
        return [
            text.replace("\n", " ") if noted and text else None
            for text, noted in zip(texts, is_noted[rows].tolist(), strict=True)
        ]

    def from_numbers(rows: Ints) -> list[str | None]:
        flags = is_company[rows].tolist()
        return [
            mine if flag else other
            for flag, mine, other in zip(flags, ours_from.texts(rows), theirs.texts(rows), strict=True)
        ]

    queues = ("accueil", "sav", "facturation", "fidélité")
    common = context.common(serials)
    columns: dict[str, Column] = {
        "call_id": Identifiers("CALL-", serials, 9),
        "started_at": Times(started, is_paris=True),
        "direction": Pool(("inbound", "outbound"), is_company.astype(np.int8)),
        "from_number": Computed(from_numbers),
        "to_number": either(ours_to, clean_phones(people.phones, nobody)),
        "queue": Pool(queues, np.where(is_company, -1, rng.choice(4, count, p=[0.3, 0.45, 0.15, 0.1]))),
        "outcome": Pool(("answered", "abandoned", "transferred", "voicemail", "missed"), outcome),
        "answered_at": Times(answered_at, is_paris=True),
        "ended_at": Times(ended_at, is_paris=True),
        "transferred_to": Pool(queues, np.where(outcome == 2, rng.integers(1, 4, count), -1)),
        "reason": Pool([entry.name for entry in TOPICS], topic),
        "customer_ref": Identifiers("C", record),
        "customer_source": Pool(("store",), np.where(record >= 0, 0, -1)),
        "order_id": common["order_id"],
        "case_id": common["case_id"],
        "campaign_id": common["campaign_id"],
        "agent_id": common["agent_id"],
        "transcript": Computed(transcripts),
        "language": common["language"],
        "brand_id": common["brand_id"],
    }
    return Table(
        "phone", "calls", columns, ended_at, ("call_id",), None, steps["person"][serials], False,
        {"phone": shown, "customer": record}, {"serial": serials},
    )  # fmt: skip


def visits_table(context: Context, records: Records) -> Table:
    """Return the table `visits` of the source store."""
    config, steps, people = context.config, context.steps, context.people
    rng = config.rng("visits", "table")
    serials = context.pick(Channel.DESK)
    count = len(serials)
    kind = np.where(steps["kind"][serials] >= 0, steps["kind"][serials], DESK)
    shops = np.array([index for index, store in enumerate(STORES) if store.kind == "store"])
    store = np.where(
        steps["store"][serials] >= 0, steps["store"][serials], shops[steps["case"][serials] % len(shops)]
    )
    record = steps["record"][serials]
    card = records.loyalty[np.maximum(record, 0)]
    shows_card = (record >= 0) & (card >= 0) & (rng.random(count) < 0.4)
    loyalty = np.where(shows_card, card, -1)
    record = np.where(shows_card & (rng.random(count) < 0.5), -1, record)
    is_case = steps["case"][serials] >= 0
    email = np.where(is_case & (rng.random(count) < 0.85), -1, steps["email"][serials])
    phone = np.where(is_case & (rng.random(count) < 0.75), -1, steps["phone"][serials])
    speech = Speech(steps, serials, config.seed)
    is_noted = rng.random(count) < 0.4

    def notes(rows: Ints) -> list[str | None]:
        texts = speech.bodies(rows)
        return [text if noted else None for text, noted in zip(texts, is_noted[rows].tolist(), strict=True)]

    common = context.common(serials)
    columns: dict[str, Column] = {
        "visit_id": Identifiers("V", serials, 9),
        "occurred_at": Times(steps["time"][serials], is_paris=True),
        "store_id": Pool([entry.store_id for entry in STORES], store),
        "kind": Pool(VISITS, kind),
        "customer_ref": Identifiers("C", record),
        "loyalty_id": Identifiers("29", loyalty, 8),
        "email": clean_emails(people.emails, email),
        "phone": clean_phones(people.phones, phone),
        "order_id": common["order_id"],
        "case_id": common["case_id"],
        "agent_id": common["agent_id"],
        "duration_seconds": Integers((rng.gamma(2.0, 260, count)).astype(np.int64) + 30),
        "note": Computed(notes),
        "language": common["language"],
        "brand_id": common["brand_id"],
    }
    return Table(
        "store", "visits", columns, steps["time"][serials], ("visit_id",), None, steps["person"][serials], False,
        {"customer": record, "loyalty": loyalty, "email": email, "phone": phone}, {"serial": serials},
    )  # fmt: skip
