"""Conversations as planned: who opens one about what, on which channels it goes on, whether it is answered in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.accounts import Accounts
from cercle.simulate.clock import NULL_TIME, Ints, draw_instants, to_hours
from cercle.simulate.config import DAY, WorldConfig
from cercle.simulate.orders import Orders, app_opens
from cercle.simulate.people import CUSTOMER, PROSPECT, People
from cercle.simulate.records import Records
from cercle.simulate.scripts import COMPLAINTS, ROLES, SCRIPTS, TOPICS, Channel, Step
from cercle.simulate.shop import CAMPAIGNS
from cercle.simulate.steps import StepLog

__all__ = [
    "INVOICE_FIX",
    "LATE",
    "NEVER_ANSWERED",
    "ON_TIME",
    "SURGE_BEGIN",
    "SURGE_DAYS",
    "Cases",
    "make_cases",
    "play_cases",
]

Array = npt.NDArray[Any]
ON_TIME, LATE, NEVER_ANSWERED = 0, 1, 2
# Share of conversations never answered, by the channel that opens them: what the published studies make plausible.
_SILENT = (0.24, 0.13, 0.08, 0.05, 0.08, 0.05, 0.20, 0.12, 0.06, 0.03, 0.10, 0.0)
# Median minutes to an answer, by the channel that carries it.
_SPEED = (70, 55, 420, 600, 420, 1.5, 2500, 6000, 300, 9000, 40, 1)
_OFFICE = (Channel.MAIL, Channel.FAX, Channel.LETTER, Channel.AUTHORITY)
SURGE_BEGIN, SURGE_DAYS = 0.6, 6  # place in the window, length
INVOICE_FIX = 0.75  # place in the window
_INVOICE = next(index for index, topic in enumerate(TOPICS) if topic.name == "invoice")
_CAMPAIGN = next(index for index, topic in enumerate(TOPICS) if topic.name == "campaign")
_BACKLASH = next(index for index, campaign in enumerate(CAMPAIGNS) if campaign.is_backlash)


@dataclass
class Cases:
    """One position per planned conversation.

    Attributes:
        outcome: ON_TIME, LATE or NEVER_ANSWERED.
        first_response_at, resolved_at: NULL_TIME where it did not happen before the end of the world.
        callback: 1 where the customer asks to be called back.
    """

    person: Array
    topic: Array
    order: Array
    script: Array
    outcome: Array
    opened_at: Ints
    brand: Array
    language: Array
    email: Array
    phone: Array
    account: Array
    record: Array
    is_surge: Array
    first_response_at: Ints
    resolved_at: Ints
    last_at: Ints
    steps: Array
    opening_serial: Array
    answer_serial: Array
    callback: Array
    is_reopened: Array

    def __len__(self) -> int:
        return len(self.person)


def make_cases(
    config: WorldConfig, people: People, records: Records, accounts: Accounts, orders: Orders
) -> Cases:
    """Plan the conversations of a world, without their steps.

    Args:
        config: clock.
        people: who may open one.
        records: customer records.
        accounts: accounts on networks.
        orders: what many of them are about.

    Returns:
        The conversations, by time of opening.
    """
    rng = config.rng("cases")
    person, order, topic, day, is_surge = _openings(rng, config, people, orders)
    when = day * DAY + DAY // 2
    language = people.language[person]
    email = people.email_at(person, when)
    uses_second = (people.email_second[person] >= 0) & (rng.random(len(person)) < 0.07)
    email = np.where(uses_second, people.email_second[person], email)
    phone = people.phone_at(person, when)
    phone = np.where(
        (people.landline[person] >= 0) & (rng.random(len(person)) < config.share(0.15)),
        people.landline[person],
        phone,
    )
    record = np.maximum.reduce(records.by_kind)[person]
    record = np.where((record >= 0) & (records.created_at[record] < when), record, -1)
    account = accounts.of_person[person]
    script = _choose_scripts(rng, config, people, (person, topic, email, phone, account, record, order, day))
    first = np.array([entry.steps[0].channel for entry in SCRIPTS])[script]
    own = people.phone_at(person, when)
    phone = np.where((first == Channel.SMS) & (own >= 0), own, phone)  # nobody texts from the line at home
    opened_at = draw_instants(rng, day, "online")
    opened_at = np.where(first == Channel.CALL, draw_instants(rng, day, "phone"), opened_at)
    opened_at = np.where(first == Channel.DESK, draw_instants(rng, day, "shop"), opened_at)
    opened_at = np.where(
        order >= 0, np.maximum(opened_at, orders.ordered_at[np.maximum(order, 0)] + 1800), opened_at
    )
    opened_at = np.where(first == Channel.DESK, to_hours(rng, opened_at, 10, 20), opened_at)
    opened_at = np.where(first == Channel.CALL, to_hours(rng, opened_at, 8, 20), opened_at)
    opened_at = np.clip(opened_at, config.start, config.end - 300)
    silent = np.array(_SILENT)[first] * np.where(is_surge, 2.5, 1.0)
    late = np.where(is_surge, 0.5, 0.17) * (first != Channel.DESK) * (first != Channel.CHAT)
    draw = rng.random(len(person))
    outcome = np.where(draw < silent, NEVER_ANSWERED, np.where(draw < silent + late, LATE, ON_TIME)).astype(
        np.int8
    )
    brand = np.where(order >= 0, orders.brand[np.maximum(order, 0)], rng.random(len(person)) < 0.25).astype(
        np.int8
    )
    callback = np.array([entry.name == "callback" for entry in SCRIPTS])[script]
    by = np.argsort(opened_at, kind="stable")
    count = len(by)

    def never() -> Ints:
        return np.full(count, NULL_TIME, dtype=np.int64)

    return Cases(
        person[by].astype(np.int32), topic[by].astype(np.int8), order[by].astype(np.int32), script[by].astype(np.int8),
        outcome[by], opened_at[by], brand[by], language[by], email[by].astype(np.int32), phone[by].astype(np.int32),
        account[by], record[by].astype(np.int32), is_surge[by], never(), never(), opened_at[by].copy(),
        np.zeros(count, dtype=np.int16), np.full(count, -1), np.full(count, -1), callback[by],
        np.zeros(count, dtype=np.bool_),
    )  # fmt: skip


def _openings(
    rng: np.random.Generator, config: WorldConfig, people: People, orders: Orders
) -> tuple[Array, Array, Array, Array, Array]:
    """Who opens a conversation, about which order, on what, on which day; and whether the surge makes it."""
    known = orders.person >= 0
    share = np.array([0.05, 0.27, 0.20, 0.30, 0.20])[orders.channel] + np.where(orders.status == 2, 0.25, 0)
    surge_day = config.start // DAY + int(SURGE_BEGIN * config.days)
    ordered_day = orders.ordered_at // DAY
    is_hit = (ordered_day >= surge_day - 5) & (ordered_day < surge_day + 2) & (orders.channel != 0)
    opens = known & (rng.random(len(orders)) < np.where(is_hit, 0.75, share))
    order = np.flatnonzero(opens)
    after = (rng.gamma(2.0, 2.4, len(order))).astype(np.int64)
    hit = is_hit[order] & (rng.random(len(order)) < 0.85)
    day = np.where(hit, surge_day + rng.integers(0, SURGE_DAYS, len(order)), ordered_day[order] + after)
    day = np.maximum(day, ordered_day[order])
    # From its fix on, most people find the invoice in their account.
    fixed_day = config.start // DAY + int(INVOICE_FIX * config.days)
    with_order = np.array([topic.with_order for topic in TOPICS])
    without = np.array([topic.without_order for topic in TOPICS])
    topic = rng.choice(len(TOPICS), len(order), p=with_order / with_order.sum())
    topic = np.where(hit, 0, topic)
    is_spared = (topic == _INVOICE) & (day >= fixed_day) & (rng.random(len(order)) < 0.75)
    order, topic, day, hit = order[~is_spared], topic[~is_spared], day[~is_spared], hit[~is_spared]
    rate = np.where(
        people.kind == CUSTOMER, 1.75 * people.activity, np.where(people.kind == PROSPECT, 2.0, 0.0)
    )
    person = np.repeat(np.arange(len(people)), rng.poisson(rate * config.days / 365))
    other_day = config.start // DAY + 1 + (rng.random(len(person)) * (config.days - 1)).astype(np.int64)
    other_day = np.maximum(other_day, np.minimum(people.since[person] // DAY, config.end // DAY - 1))
    other_topic = rng.choice(len(TOPICS), len(person), p=without / without.sum())
    upset, upset_day = _upset(rng, config, people)
    person, other_day = np.concatenate([person, upset]), np.concatenate([other_day, upset_day])
    other_topic = np.concatenate([other_topic, np.full(len(upset), _CAMPAIGN)])
    all_person = np.concatenate([orders.person[order], person])
    all_order = np.concatenate([order, np.full(len(person), -1)])
    all_day = np.concatenate([day, other_day])
    inside = all_day * DAY < config.end - DAY
    parts = (
        all_person, all_order, np.concatenate([topic, other_topic]), all_day,
        np.concatenate([hit, np.zeros(len(person), dtype=np.bool_)]),
    )  # fmt: skip
    kept = tuple(part[inside] for part in parts)
    return kept[0], kept[1], kept[2], kept[3], kept[4]


def _upset(rng: np.random.Generator, config: WorldConfig, people: People) -> tuple[Array, Array]:
    """Customers who complain in private about the campaign that backfires, within days of it."""
    campaign = next(entry for entry in CAMPAIGNS if entry.is_backlash)
    upset = np.flatnonzero((people.kind == CUSTOMER) & (rng.random(len(people)) < 0.008))
    begin = config.start // DAY + int(campaign.begin * config.days) + 1
    days = begin + rng.exponential(1.5, len(upset)).astype(np.int64)
    return upset, days


def _choose_scripts(
    rng: np.random.Generator, config: WorldConfig, people: People, facts: tuple[Array, ...]
) -> Array:
    """Choose among the scripts that the person has the means for, with the tastes of the age."""
    person, topic, email, phone, account, record, order, day = facts
    age = people.age_at(config.end)[person]
    band = np.where(age < 31, 0, np.where(age < 51, 1, 2))
    weights = np.array([script.weights for script in SCRIPTS]).T[band]
    means = {
        "e": email >= 0, "p": phone >= 0, "h": people.has_phone[person], "s": account >= 0, "r": record >= 0,
        "o": order >= 0, "a": day * DAY > app_opens(config),
        "c": np.isin(topic, COMPLAINTS),
    }  # fmt: skip
    for index, script in enumerate(SCRIPTS):
        for need in script.needs:
            weights[:, index] *= means[need]
    cumulated = np.cumsum(weights, axis=1)
    chosen: Array = (rng.random(len(person))[:, None] * cumulated[:, -1:] > cumulated).sum(axis=1)
    return chosen.clip(0, len(SCRIPTS) - 1)


def play_cases(config: WorldConfig, cases: Cases, log: StepLog) -> None:
    """Play the scripts: write every step that happens before the end of the world, and note answers in the cases.

    Args:
        config: clock.
        cases: the plan; answers, last step and number of steps are written into it.
        log: receives the steps.
    """
    rng = config.rng("cases", "steps")
    for index, script in enumerate(SCRIPTS):
        group = np.flatnonzero(cases.script == index)
        state = _State(group, cases)
        for number, step in enumerate(script.steps):
            _play(rng, config, cases, state, step, number, log)
    answered = cases.first_response_at > NULL_TIME
    is_resolved = answered & (rng.random(len(cases)) < 0.88)
    cases.resolved_at = np.where(is_resolved, cases.resolved_at, NULL_TIME)


class _State:
    """Where the conversations of one script stand."""

    def __init__(self, group: Array, cases: Cases) -> None:
        self.group = group
        self.time = cases.opened_at[group].copy()
        self.is_numbered = np.zeros(len(group), dtype=np.bool_)
        self.has_reply = np.zeros(len(group), dtype=np.bool_)
        self.last_channel = np.full(len(group), -1)
        self.last_serial = np.full((12, len(group)), -1)
        self.happened = np.ones(len(group), dtype=np.bool_)


def _play(
    rng: np.random.Generator,
    config: WorldConfig,
    cases: Cases,
    state: _State,
    step: Step,
    number: int,
    log: StepLog,
) -> None:
    outcome = cases.outcome[state.group]
    happens = rng.random(len(state.group)) < step.chance
    happens &= {
        "*": np.ones(len(outcome), dtype=np.bool_), "a": outcome != NEVER_ANSWERED, "l": outcome != ON_TIME,
        "n": outcome == NEVER_ANSWERED,
    }[step.when]  # fmt: skip
    when = _next_time(rng, state, step, number, outcome)
    happens &= when < config.end
    if step.follows:
        happens &= state.happened
    state.happened = happens
    at = np.flatnonzero(happens)
    group = state.group[at]
    is_company = step.who == "b"
    changed = (state.last_channel[at] != step.channel) & (number > 0)
    if is_company:
        names_case, names_order = rng.random(len(at)) < 0.9, rng.random(len(at)) < 0.4
    else:
        names_case = state.is_numbered[at] & (rng.random(len(at)) < np.where(changed, 0.85, 0.35))
        names_order = rng.random(len(at)) < np.where(changed, 0.7, 0.55 if number == 0 else 0.25)
    is_call = step.channel == Channel.CALL
    is_taken = (outcome[at] != NEVER_ANSWERED) | is_company
    names_case |= is_call & is_taken & (rng.random(len(at)) < 0.7)
    serials = log.add(
        len(at), time=when[at], person=cases.person[group], case=group, channel=step.channel, is_company=is_company,
        role=ROLES.index(step.role), topic=cases.topic[group], language=cases.language[group], brand=cases.brand[group],
        reply_to=state.last_serial[step.channel, at], thread=group, order=cases.order[group], email=cases.email[group],
        phone=cases.phone[group], account=cases.account[group], record=cases.record[group],
        agent=np.where(is_company | is_call | (step.channel == Channel.DESK), rng.integers(0, 50, len(at)), -1),
        names_order=names_order & (cases.order[group] >= 0), names_case=names_case, is_answered=is_taken,
        is_automatic=step.role == "ack",
        campaign=np.where((cases.topic[group] == _CAMPAIGN) & (rng.random(len(at)) < 0.3), _BACKLASH, -1),
    )  # fmt: skip
    state.time[at] = when[at]
    state.last_channel[at] = step.channel
    state.last_serial[step.channel, at] = serials
    answers = (is_company and step.role != "ack") | (
        (is_call | (step.channel == Channel.DESK)) & is_taken & np.ones(len(at), dtype=np.bool_)
    )
    if step.role == "reopen":
        cases.is_reopened[group] = True
    _note(cases, group, when[at], serials, np.broadcast_to(answers, (len(at),)), number)
    state.is_numbered[at] |= is_company | (is_call & is_taken) | (step.channel == Channel.DESK)
    state.has_reply[at] |= answers


def _next_time(rng: np.random.Generator, state: _State, step: Step, number: int, outcome: Array) -> Ints:
    if number == 0:
        return state.time
    size = len(state.time)
    spread = np.exp(rng.normal(0, 0.9, size))
    if step.who == "b" and step.role == "ack":
        return state.time + rng.integers(15, 120, size)
    if step.who == "b":
        minutes = _SPEED[step.channel] * spread
        minutes = np.where((outcome == LATE) & ~state.has_reply, minutes * 9 + 2880, minutes)
        due = state.time + (minutes * 60).astype(np.int64) + 20
        if step.channel in _OFFICE:
            return to_hours(rng, due, 9, 18, is_weekend_open=False)
        return due if step.channel == Channel.CHAT else to_hours(rng, due, 6, 24)
    due = state.time + (step.gap * spread * 60).astype(np.int64) + 30
    if step.channel == Channel.CHAT:
        return due
    opens, closes = (
        (10, 20) if step.channel == Channel.DESK else (8, 20) if step.channel == Channel.CALL else (7, 24)
    )
    return to_hours(rng, due, opens, closes)


def _note(cases: Cases, group: Array, when: Ints, serials: Array, answers: Array, number: int) -> None:
    """Write what happened into the plan."""
    cases.steps[group] += 1
    cases.last_at[group] = when
    if number == 0:
        cases.opening_serial[group] = serials
    first = answers & (cases.first_response_at[group] == NULL_TIME)
    cases.first_response_at[group[first]] = when[first]
    cases.answer_serial[group[first]] = serials[first]
    cases.resolved_at[group[answers]] = when[answers]
