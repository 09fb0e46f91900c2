"""Permissions as planned: what is given, confirmed, refused, withdrawn, expires, bounces; and what of it is faulty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.clock import NULL_TIME, Ints
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.people import People
from cercle.simulate.permission_words import ACTORS, METHODS, PATTERNS, TYPES
from cercle.simulate.records import WEB, Records
from cercle.simulate.steps import StepLog, Steps

__all__ = ["Consents", "make_consents"]

Array = npt.NDArray[Any]
FIELDS: dict[str, tuple[str, int]] = {
    "recorded_at": ("i8", 0), "occurred_at": ("i8", NULL_TIME), "type": ("i1", 0), "system": ("i1", 0),
    "record": ("i4", -1),
    "cp_kind": ("i1", -1), "cp": ("i4", -1), "channel": ("i1", -1), "purpose": ("i1", -1), "scope": ("i1", -1),
    "actor": ("i1", 0), "method": ("i1", -1), "notice": ("i1", -1), "is_explicit": ("i1", -1), "is_doi": ("i1", -1),
    "has_evidence": ("i1", 0), "for_event": ("i4", -1), "annuls": ("i4", -1), "from_cp": ("i4", -1),
    "to_cp": ("i4", -1),
    "person": ("i4", -1), "language": ("i1", 0), "brand": ("i1", 0), "twin_of": ("i4", -1), "purposes": ("i1", -1),
}  # fmt: skip


@dataclass
class Consents:
    """The events, and the planned end of each line.

    Attributes:
        events: the log.
        lines: per line record, person, kind and code of the contact point, channel, purpose, pattern, first instant.
        bounced: mailbox -> instant from which it bounces.
    """

    events: Steps
    lines: dict[str, Array]
    bounced: dict[int, int]


def make_consents(config: WorldConfig, people: People, records: Records, accounts: Accounts) -> Consents:
    """Plan the permissions of a world.

    Args:
        config: clock.
        people: whose permissions they are.
        records: the records at which they were asked.
        accounts: accounts, for audiences on networks.

    Returns:
        Events and lines.
    """
    rng = config.rng("consents")
    log = StepLog(FIELDS)
    lines: dict[str, list[Array]] = {
        name: [] for name in ("record", "cp_kind", "cp", "channel", "purpose", "pattern", "at")
    }
    with_email, with_phone = np.flatnonzero(records.email >= 0), np.flatnonzero(records.phone >= 0)
    mobiles = with_phone[people.phones.is_mobile(records.phone[with_phone])]
    for chosen, kind, channel, purpose, share in (
        (with_email, 0, 0, 0, 1.0), (with_email, 0, 0, 1, 0.25), (with_email, 0, 0, 2, 0.12), (with_email, 0, 0,
        4, 0.03),
        (mobiles, 1, 1, 0, 0.7), (with_phone, 1, 2, 0, 0.6),
    ):  # fmt: skip
        record = chosen[rng.random(len(chosen)) < share]
        cp = records.email[record] if kind == 0 else records.phone[record]
        pattern = rng.choice(
            len(PATTERNS), len(record), p=np.array(list(PATTERNS.values())) / sum(PATTERNS.values())
        )
        if share == 1.0:
            pattern[: len(PATTERNS)] = np.arange(len(PATTERNS))[: len(pattern)]  # each at least once
        at = records.created_at[record] + rng.integers(0, 1800, len(record))
        at = np.minimum(at, config.end - 600)
        later = (rng.random(len(record)) < 0.15) & (at < config.start)
        at = np.where(
            later,
            config.start + (rng.random(len(record)) * (config.end - config.start - DAY)).astype(np.int64),
            at,
        )
        for name, value in (
            ("record", record), ("cp_kind", np.full(len(record), kind)), ("cp", cp), ("channel",
            np.full(len(record), channel)),
            ("purpose", np.full(len(record), purpose)), ("pattern", pattern), ("at", at),
        ):  # fmt: skip
            lines[name].append(np.asarray(value, dtype=np.int64))
    arrays = {name: np.concatenate(parts) for name, parts in lines.items()}
    arrays["person"] = records.person[arrays["record"]].astype(np.int64)
    bounced = _write_lines(rng, config, people, records, arrays, log)
    _postal_and_social(rng, config, people, records, accounts, log)
    _changes(rng, config, people, records, log)
    return Consents(log.freeze(), arrays, bounced)


def _notice_at(config: WorldConfig, purpose: Array, at: Ints) -> Array:
    """The notice version in force for each purpose."""
    days = (config.end // DAY * DAY - at) / DAY  # as notices_table counts
    main = np.where(days > 720, 0, 1)
    partner = np.where(days > 300, 3, 4)
    return np.select(
        [purpose == 2, purpose == 3, purpose == 4], [partner, np.full(len(at), 2), np.full(len(at), 5)], main
    )


def _write_lines(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    records: Records,
    lines: dict[str, Array],
    log: StepLog,
) -> dict[int, int]:
    bounced: dict[int, int] = {}
    span = np.maximum(config.end - lines["at"] - DAY, 3600)
    later = lines["at"] + 1800 + (rng.random(len(span)) * span * 0.95).astype(np.int64)
    latest = later + ((config.end - later) * 0.7 * rng.random(len(span))).astype(np.int64) + 60
    for code, name in enumerate(PATTERNS):
        at = np.flatnonzero(lines["pattern"] == code)
        if name == "none" or not len(at):
            continue
        facts = {
            field: lines[field][at] for field in ("record", "cp_kind", "cp", "channel", "purpose", "person")
        }
        facts["brand"] = records.brand[facts["record"]]
        facts["language"] = people.language[facts["person"]]
        _write_line(rng, config, name, facts, (lines["at"][at], later[at], latest[at]), log)
        if name == "bounced":
            mailboxes = lines["cp_kind"][at] == 0
            bounced.update(zip(facts["cp"][mailboxes].tolist(), later[at][mailboxes].tolist(), strict=True))
    return bounced


def _write_line(
    rng: np.random.Generator,
    config: WorldConfig,
    name: str,
    facts: dict[str, Array],
    times: tuple[Ints, Ints, Ints],
    log: StepLog,
) -> None:
    """Write the events of the lines of one pattern: the grant (or its refusal), and what comes after."""
    first, later, latest = times
    count = len(first)
    recorded_at = np.minimum(first + rng.integers(1, 240, count), config.end - 1)
    grant: dict[str, Any] = {
        "type": TYPES.index("consent_given"), "recorded_at": recorded_at, "occurred_at": first,
        "method": rng.integers(0, 3, count), "notice": _notice_at(config, facts["purpose"], first),
        "is_explicit": np.where(facts["purpose"] == 4, 1, -1), "has_evidence": 1, **facts,
    }  # fmt: skip
    if name == "quarantined":
        is_missing = rng.random(count) < 0.5
        grant["occurred_at"] = np.where(is_missing, NULL_TIME, recorded_at + 3600)
        grant["type"] = np.where(rng.random(count) < 0.2, TYPES.index("consent_guessed"), grant["type"])
    serials = log.add(count, **{**grant, **_PECULIAR.get(name, {})})
    if name == "doi_confirmed":
        _confirm(config, facts, first + rng.integers(60, 2 * DAY, count), serials, log)
    elif name == "doi_late":
        _confirm(config, facts, first + rng.integers(8 * DAY, 20 * DAY, count), serials, log)
    elif name == "granted":
        _redeliver(rng, config, grant, serials, log)
    elif name in _AFTERMATH:
        stop = {
            **facts,
            "recorded_at": np.minimum(later + 60, config.end - 1),
            "occurred_at": later,
            "method": 4,
        }
        log.add(count, **{**stop, **_AFTERMATH[name](facts, serials)})
    if name in {"regranted", "reloaded"}:
        again = {**grant, "occurred_at": latest, "recorded_at": np.minimum(latest + 30, config.end - 1)}
        again["notice"] = _notice_at(config, facts["purpose"], latest)
        log.add(
            count,
            **{
                **again,
                "method": METHODS.index("bulk_import" if name == "reloaded" else "preference_centre"),
            },
        )


# Pattern -> what is peculiar about its first event.
_PECULIAR: dict[str, dict[str, int]] = {
    "not_given": {"type": TYPES.index("consent_not_given"), "has_evidence": 0},
    "refused": {"type": TYPES.index("consent_refused"), "has_evidence": 0},
    "preticked": {"method": METHODS.index("preticked")},
    "no_proof": {"has_evidence": 0},
    "wrong_notice": {"notice": 2},
    "invalidated": {"notice": 6},
    "doi_confirmed": {"is_doi": 1},
    "doi_pending": {"is_doi": 1},
    "doi_late": {"is_doi": 1},
}


def _withdrawal(facts: dict[str, Array], serials: Array) -> dict[str, Any]:
    """A click on "unsubscribe" knows the mailbox alone; the other channels know the record."""
    del serials
    is_mail = facts["channel"] == 0
    record = np.where(is_mail, -1, facts["record"])
    return {"type": TYPES.index("consent_withdrawn"), "system": is_mail.astype(np.int8), "record": record}


# Pattern -> the fields of the event that ends the grant.
_AFTERMATH: dict[str, Callable[[dict[str, Array], Array], dict[str, Any]]] = {
    **dict.fromkeys(("withdrawn", "regranted", "reloaded"), _withdrawal),
    "objected": lambda facts, serials: {
        "type": TYPES.index("objection"), "system": 2, "method": 1, "purpose": -1, "channel": -1,
    },
    "bounced": lambda facts, serials: {
        "type": np.where(facts["cp_kind"] == 0, TYPES.index("hard_bounce"), TYPES.index("contact_point_released")),
        "actor": ACTORS.index("system"), "method": -1, "purpose": -1,
    },
    "annulled": lambda facts, serials: {
        "type": TYPES.index("annulment"), "annuls": serials, "actor": ACTORS.index("operator"), "method": -1,
    },
}  # fmt: skip


def _confirm(config: WorldConfig, facts: dict[str, Array], when: Ints, serials: Array, log: StepLog) -> None:
    """The click in the mail that a double opt-in sends."""
    kept = when < config.end - 300
    confirmed = {field: np.asarray(value)[kept] for field, value in facts.items()}
    log.add(
        int(kept.sum()), **confirmed, type=TYPES.index("doi_confirmed"), occurred_at=when[kept],
        recorded_at=when[kept] + 2,
        for_event=serials[kept], has_evidence=1,
    )  # fmt: skip


def _redeliver(
    rng: np.random.Generator, config: WorldConfig, grant: dict[str, Any], serials: Array, log: StepLog
) -> None:
    """A few grants come a second time under their own id with other content; the ledger quarantines the later one."""
    chosen = np.flatnonzero(rng.random(len(serials)) < 0.004)
    twin = {
        field: np.broadcast_to(np.asarray(value), (len(serials),))[chosen] for field, value in grant.items()
    }
    twin["recorded_at"] = np.minimum(twin["recorded_at"] + DAY, config.end - 1)
    twin["purpose"] = np.ones(len(chosen), dtype=np.int64)
    log.add(len(chosen), **twin, twin_of=serials[chosen])


def _postal_and_social(
    rng: np.random.Generator,
    config: WorldConfig,
    people: People,
    records: Records,
    accounts: Accounts,
    log: StepLog,
) -> None:
    record = np.flatnonzero(rng.random(len(records)) < 0.4)
    at = np.minimum(records.created_at[record] + 60, config.end - 600)
    person = records.person[record]
    base = {
        "record": record,
        "person": person,
        "brand": records.brand[record],
        "language": people.language[person],
    }
    cp = people.address_at(person, at)
    log.add(
        len(record), **base, type=TYPES.index("informed_optout_offered"), occurred_at=at, recorded_at=at + 5,
        cp_kind=2, cp=cp,
        channel=3, purpose=0, method=2, notice=_notice_at(config, np.zeros(len(at)), at), has_evidence=1, actor=3,
    )  # fmt: skip
    objecting = np.flatnonzero(rng.random(len(record)) < 0.03)
    late = at[objecting] + ((config.end - at[objecting]) * 0.8 * rng.random(len(objecting))).astype(np.int64)
    log.add(
        len(objecting), **{field: value[objecting] for field, value in base.items()}, type=TYPES.index("objection"),
        occurred_at=late, recorded_at=np.minimum(late + 300, config.end - 1), cp_kind=2, cp=cp[objecting],
        channel=3, purpose=0,
        system=2, method=1, scope=0,
    )  # fmt: skip
    account = np.flatnonzero((accounts.person >= 0) & (rng.random(len(accounts)) < 0.12))
    owner = accounts.person[account]
    when = np.minimum(people.since[owner] + rng.integers(DAY, 200 * DAY, len(account)), config.end - 900)
    is_young = people.age_at(config.end)[owner] < 31
    refuses = rng.random(len(account)) < np.where(is_young, 0.54, 0.46)
    own = np.maximum.reduce(records.by_kind)[owner]
    log.add(
        len(account), record=own, person=owner, type=np.where(refuses, TYPES.index("consent_refused"),
        TYPES.index("consent_given")),
        occurred_at=when, recorded_at=when + 2, cp_kind=3, cp=account, channel=4, purpose=3, notice=2, method=0,
        has_evidence=1,
        language=people.language[owner],
    )  # fmt: skip


def _changes(
    rng: np.random.Generator, config: WorldConfig, people: People, records: Records, log: StepLog
) -> None:
    """Numbers replaced by their owner or given up, call refusals, minors' guardians, restrictions."""
    changed = np.flatnonzero(
        (people.phone_changed_at < config.end - 5 * DAY)
        & (people.phone >= 0)
        & (people.phone_after != people.phone)
    )
    record = np.maximum.reduce(records.by_kind)[changed]
    kept = (record >= 0) & (rng.random(len(changed)) < 0.5)
    person, record = changed[kept], record[kept]
    at = np.maximum(people.phone_changed_at[person] + DAY, records.created_at[record] + 600)
    person, record, at = person[at < config.end], record[at < config.end], at[at < config.end]
    is_release = rng.random(len(person)) < 0.4
    log.add(
        len(person), record=np.where(is_release, -1, record), person=person, system=np.where(is_release, 3, 0),
        type=np.where(is_release, TYPES.index("contact_point_released"), TYPES.index("contact_point_replaced")),
        occurred_at=at, recorded_at=np.minimum(at + 60, config.end - 1), cp_kind=1, cp=np.where(is_release,
        people.phone[person], people.phone_after[person]),
        from_cp=np.where(is_release, -1, people.phone[person]), to_cp=np.where(is_release, -1,
        people.phone_after[person]),
        actor=np.where(is_release, 3, 0), language=people.language[person],
    )  # fmt: skip
    record = np.flatnonzero((records.phone >= 0) & (rng.random(len(records)) < 0.008))
    at = config.start + (rng.random(len(record)) * (config.end - config.start - DAY)).astype(np.int64)
    log.add(
        len(record), record=-1, person=records.person[record], system=3, type=TYPES.index("call_refused"),
        occurred_at=at,
        recorded_at=at + 30, cp_kind=1, cp=records.phone[record], channel=2, purpose=0, method=3,
        language=people.language[records.person[record]], brand=records.brand[record],
    )  # fmt: skip
    young = np.flatnonzero(
        (records.kind == WEB)
        & ((records.created_at // DAY - people.birth_day[records.person]) < 15 * 365)
        & (records.email >= 0)
    )
    at = np.minimum(records.created_at[young] + 1800, config.end - DAY)
    base = {
        "record": young,
        "person": records.person[young],
        "cp_kind": 0,
        "cp": records.email[young],
        "channel": 0,
        "purpose": 0,
    }
    grants = log.add(
        len(young), **base, type=0, occurred_at=at, recorded_at=at + 9, method=0, has_evidence=1,
        notice=_notice_at(config, np.zeros(len(at)), at),
    )  # fmt: skip
    half = np.flatnonzero(np.arange(len(young)) % 2 == 0)
    log.add(
        len(half), **{field: np.broadcast_to(np.asarray(value), (len(young),))[half] for field, value in base.items()},
        type=TYPES.index("guardian_consent"), occurred_at=at[half] + 3600, recorded_at=at[half] + 3605, actor=1,
        method=2,
        for_event=grants[half], has_evidence=1,
    )  # fmt: skip
    record = np.flatnonzero(rng.random(len(records)) < 0.002)
    at = config.start + (rng.random(len(record)) * (config.end - config.start - 40 * DAY)).astype(np.int64)
    for kind, when, part in (
        ("restriction_on", at, slice(None)),
        ("restriction_off", at + 30 * DAY, slice(None, None, 2)),
    ):
        log.add(
            len(record[part]), record=record[part], person=records.person[record[part]], type=TYPES.index(kind),
            occurred_at=when[part], recorded_at=when[part] + 60, actor=0, method=1,
        )  # fmt: skip
    lost = np.flatnonzero(rng.random(len(records)) < 0.0015)
    at = config.start + (rng.random(len(lost)) * (config.end - config.start - DAY)).astype(np.int64)
    log.add(
        len(lost), record=lost, person=records.person[lost], type=0, occurred_at=at, recorded_at=at + 1,
        channel=5, purpose=0,
        method=0, has_evidence=1, notice=1,
    )  # fmt: skip
