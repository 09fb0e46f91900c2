"""The tables of the source contact: forms, chats, faxes, letters, apps, authorities, texts; surveys; group bookings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cercle.simulate.cases import Cases
from cercle.simulate.channels import LANGUAGES, Context
from cercle.simulate.clock import NULL_TIME, Ints, draw_instants
from cercle.simulate.config import DAY
from cercle.simulate.orders import Orders
from cercle.simulate.people import CUSTOMER
from cercle.simulate.records import Records, borrowed_from, typed_email, typed_phone
from cercle.simulate.scripts import CHANNELS, SCRIPTS, TOPICS, Channel
from cercle.simulate.shop import BRANDS
from cercle.simulate.spelling import write_names
from cercle.simulate.table import (
    NULL_INT,
    Bools,
    Column,
    Computed,
    Constant,
    Dates,
    Identifiers,
    Integers,
    Numbers,
    Pool,
    Table,
    Texts,
    Times,
)
from cercle.simulate.texts import Speech
from cercle.simulate.written import written_emails, written_phones

__all__ = ["bookings_table", "contacts_table", "surveys_table"]

Array = npt.NDArray[Any]
_OTHER = (
    Channel.FORM,
    Channel.CHAT,
    Channel.FAX,
    Channel.LETTER,
    Channel.APP,
    Channel.AUTHORITY,
    Channel.SMS,
)
# Channel -> share of contacts that show: a name, an e-mail, a telephone, an address, a customer number, a birth date.
_SHOWN: dict[int, tuple[float, float, float, float, float, float]] = {
    Channel.FORM: (0.95, 0.90, 0.50, 0.10, 0.25, 0.03),
    Channel.CHAT: (0.65, 0.45, 0.08, 0.0, 0.55, 0.0),
    Channel.FAX: (0.97, 0.15, 0.55, 0.70, 0.35, 0.05),
    Channel.LETTER: (0.99, 0.28, 0.32, 0.96, 0.42, 0.10),
    Channel.APP: (0.10, 0.05, 0.0, 0.0, 0.98, 0.0),
    Channel.AUTHORITY: (0.99, 0.45, 0.30, 0.90, 0.10, 0.15),
    Channel.SMS: (0.05, 0.0, 1.0, 0.0, 0.05, 0.0),
}
_AUTHORITIES = ("DGCCRF", "Médiateur du commerce", "SignalConso", "UFC-Que Choisir Lyon")


def contacts_table(context: Context, cases: Cases) -> Table:
    """Return the table `contacts`; what a person wrote about himself in one conversation stays the same in it."""
    config, steps, people = context.config, context.steps, context.people
    rng = config.rng("contacts")
    serials = context.pick(*_OTHER)
    count = len(serials)
    channel = steps["channel"][serials]
    is_company = steps["is_company"][serials] > 0
    person, case, time = steps["person"][serials], steps["case"][serials], steps["time"][serials]
    lot, email, phone, record, is_wrong = _shown_of(context, rng, cases, serials)
    given, family, is_name_wrong = write_names(
        rng, people.given[person], people.family_at(person, time), config.share(0.13)
    )
    shows_name = lot[:, 0] & ~is_company
    given[~shows_name] = None
    family[~shows_name] = None
    is_name_wrong &= shows_name
    place = np.where(lot[:, 3] & ~is_company, people.address_at(person, time), -1)
    prefixes = np.array(["WF", "CH", "FX", "LT", "AP", "AU", "SM"])
    prefix = prefixes[np.searchsorted(_OTHER, channel)]
    prefixed = _ids(prefix, serials)
    replies = _ids(prefix, steps["reply_to"][serials])
    threads = _ids(np.char.add(prefix, "-"), np.where(case >= 0, case, -1))
    speech = Speech(steps, serials, config.seed)
    common = context.common(serials)
    parts = [[address[part] for address in people.addresses] for part in range(3)]
    device = np.where(
        is_company | np.isin(channel, (Channel.FAX, Channel.LETTER, Channel.AUTHORITY)),
        -1,
        rng.choice(4, count, p=[0.4, 0.45, 0.1, 0.05]),
    )
    device = np.where((device >= 0) & np.isin(channel, (Channel.APP, Channel.SMS)), 1, device)
    has_subject = np.isin(channel, (Channel.FORM, Channel.LETTER, Channel.AUTHORITY))

    def subjects(rows: Ints) -> list[str | None]:
        return [
            text if flag else None
            for text, flag in zip(speech.subjects(rows), has_subject[rows].tolist(), strict=True)
        ]

    columns: dict[str, Column] = {
        "contact_id": Computed(prefixed),
        "occurred_at": Times(time, is_paris=True),
        "channel": Pool(CHANNELS, channel),
        "direction": Pool(("inbound", "outbound"), is_company.astype(np.int8)),
        "customer_ref": Identifiers("C", record),
        "customer_source": Pool(("store",), np.where(record >= 0, 0, -1)),
        "first_name": Texts(given),
        "last_name": Texts(family),
        "email": written_emails(people.emails, email, rng.choice([0, 0, 0, 0, 1, 2, 3], count)),
        "phone": written_phones(people.phones, phone, rng.integers(0, 7, count)),
        "address_line": Pool(parts[0], place),
        "postcode": Pool(parts[1], place),
        "city": Pool(parts[2], place),
        "birth_date": Dates(np.where(lot[:, 5] & ~is_company, people.birth_day[person], NULL_TIME)),
        "thread_id": Computed(threads),
        "in_reply_to": Computed(replies),
        "order_id": common["order_id"],
        "case_id": common["case_id"],
        "authority_name": Pool(
            _AUTHORITIES, np.where(channel == Channel.AUTHORITY, serials % len(_AUTHORITIES), -1)
        ),
        "subject": Computed(subjects),
        "body": Computed(speech.bodies),
        "language": common["language"],
        "device": Pool(("desktop", "mobile", "tablet", "unknown"), device),
        "is_automatic": Bools(steps["is_automatic"][serials] > 0),
        "agent_id": common["agent_id"],
        "brand_id": common["brand_id"],
    }
    is_stale = (phone >= 0) & (phone == people.phone[person]) & (people.phone_changed_at[person] < config.end)
    is_stale |= (
        (email >= 0) & (email == people.email[person]) & (people.email_changed_at[person] < config.end)
    )
    is_stale |= (phone >= 0) & people.is_recycled[person] & (phone == people.phone_after[person])
    return Table(
        "contact", "contacts", columns, time, ("contact_id",), None, person, ~is_company,
        {"email": email, "phone": phone, "customer": record},
        {
            "serial": serials, "has_name": shows_name, "name_error": is_name_wrong, "identifier_error": is_wrong,
            "is_stale": is_stale & ~is_company,
        },
    )  # fmt: skip


def _shown_of(
    context: Context, rng: np.random.Generator, cases: Cases, serials: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """What each contact shows: lot of its conversation, mailbox, number, record; and whether one is mistyped."""
    config, steps, people = context.config, context.steps, context.people
    channel, case = steps["channel"][serials], steps["case"][serials]
    person, is_company = steps["person"][serials], steps["is_company"][serials] > 0
    own_email, own_phone, own_record = (steps[field][serials] for field in ("email", "phone", "record"))
    shares = np.array([_SHOWN.get(code, (0.0,) * 6) for code in range(len(CHANNELS))])
    draws = rng.random((len(cases) + 1, 6))[case]
    lot = draws < shares[channel]
    email, phone = np.where(lot[:, 1], own_email, -1), np.where(lot[:, 2], own_phone, -1)
    record = np.where(lot[:, 4], own_record, -1)
    # Few show nothing at all: where the lot says so, most give what the channel asks for first.
    is_silent = (email < 0) & (phone < 0) & (record < 0) & (draws[:, 0] > config.share(0.04))
    record = np.where(is_silent, own_record, record)
    email = np.where(is_silent & (record < 0), own_email, email)
    phone = np.where(is_silent & (record < 0) & (email < 0), own_phone, phone)
    other = borrowed_from(config, rng, people, person, 0.02)
    is_borrowed = (other != person) & (channel != Channel.APP) & (email >= 0)
    email = np.where(is_borrowed, people.email_at(other, steps["time"][serials]), email)
    is_alias = (draws[:, 5] > 1 - config.share(0.012)) & (email >= 0) & ~is_company
    email = _aliases(context, email, person, is_alias)
    record, phone = np.where(is_alias, -1, record), np.where(is_alias, -1, phone)
    email, is_email_wrong = typed_email(config, rng, people, email, 0.054)
    phone, is_phone_wrong = typed_phone(config, rng, people, phone, 0.054)
    # The company answers where the person really is.
    email = np.where(is_company, np.where(lot[:, 1], own_email, -1), email)
    phone = np.where(is_company, np.where(channel == Channel.SMS, own_phone, -1), phone)
    return lot, email, phone, record, (is_email_wrong | is_phone_wrong) & ~is_company


def _ids(prefix: Array, numbers: Array) -> Any:
    def texts(rows: Ints) -> list[str | None]:
        pairs = zip(prefix[rows].tolist(), numbers[rows].tolist(), strict=True)
        return [f"{word}{number:09d}" if number >= 0 else None for word, number in pairs]

    return texts


def _aliases(context: Context, email: Array, person: Array, is_alias: Array) -> Array:
    """A mailbox that its owner uses for the web alone, and that no other record shows; one per person."""
    people = context.people
    found = email.copy()
    opened: dict[int, int] = {}
    for row in np.flatnonzero(is_alias).tolist():
        who = int(person[row])
        if who not in opened:
            opened[who] = people.emails.open(f"achats{who % 9973}", "example.net", who % 89)
        found[row] = opened[who]
    return found


def surveys_table(
    context: Context, cases: Cases, orders: Orders, records: Records, openings: list[str | None]
) -> Table:
    """Return the table `survey_answers`: after answered conversations, after orders, and about the relationship."""
    config, people = context.config, context.people
    rng = config.rng("surveys")
    answered = np.flatnonzero((cases.first_response_at > NULL_TIME) & (rng.random(len(cases)) < 0.16))
    negative = np.isin(
        cases.topic[answered], [index for index, topic in enumerate(TOPICS) if topic.intent == "complaint"]
    )
    late = cases.outcome[answered] == 1
    mood = np.clip(np.round(rng.normal(np.where(negative, 2.3, 4.1) - 0.7 * late, 0.9)), 1, 5).astype(
        np.int64
    )
    # Of those who complained in public, most stay dissatisfied after the answer (MARKET.md, M4).
    first = np.array([script.steps[0].channel for script in SCRIPTS])[cases.script[answered]]
    in_public = negative & (first == Channel.PUBLIC)
    mood = np.where(
        in_public, np.where(rng.random(len(answered)) < 0.82, rng.integers(1, 3, len(answered)), 4), mood
    )
    resolved = cases.resolved_at[answered] > NULL_TIME
    about_case = _answers(answered, cases.person[answered], cases.last_at[answered] + DAY, "case")
    order = np.flatnonzero((orders.person >= 0) & (rng.random(len(orders)) < 0.05))
    liking = rng.choice([1, 2, 3, 4, 5], len(order), p=[0.05, 0.07, 0.16, 0.36, 0.36])
    owners = np.flatnonzero((people.kind == CUSTOMER) & (rng.random(len(people)) < 0.1))
    asked_at = (
        config.start
        + DAY
        + (rng.random(len(owners)) * (config.end - config.start - 3 * DAY)).astype(np.int64)
    )
    asked_at = np.maximum(asked_at, people.since[owners] + DAY)
    likes_channel = rng.choice(6, len(owners), p=[0.42, 0.2, 0.18, 0.1, 0.06, 0.04])
    parts = [
        (*about_case, np.zeros(len(answered), dtype=np.int64), mood * 100, np.full(len(answered), 500),
        np.full(len(answered), -1)),
        (*about_case, np.full(len(answered), 2), np.where(resolved, 100, 0), np.full(len(answered), 100),
        np.full(len(answered), -1)),
        (
            *_answers(order, orders.person[order], orders.delivered_at[order] + 2 * DAY, "order"),
            np.zeros(len(order), dtype=np.int64),
            liking * 100, np.full(len(order), 500), np.full(len(order), -1),
        ),
        (
            *_answers(np.full(len(owners), -1), owners, asked_at, "relationship"), np.ones(len(owners), dtype=np.int64),
            rng.choice(11, len(owners), p=np.array([4, 2, 2, 3, 3, 6, 8, 16, 22, 18, 16]) / 100) * 100,
            np.full(len(owners), 1000),
            np.full(len(owners), -1),
        ),
        (
            *_answers(np.full(len(owners), -1), owners, asked_at, "relationship"), np.full(len(owners), 3),
            np.full(len(owners), NULL_INT), np.full(len(owners), NULL_INT), likes_channel,
        ),
    ]  # fmt: skip
    about, person, time, kind, question, score, score_max, answer = (
        np.concatenate([part[i] for part in parts]) for i in range(8)
    )
    kept = np.flatnonzero(time < config.end)
    kept = kept[np.argsort(time[kept], kind="stable")]
    about, person, time, kind, question = about[kept], person[kept], time[kept], kind[kept], question[kept]
    score, score_max, answer = score[kept], score_max[kept], answer[kept]
    record = np.where(rng.random(len(kept)) < 0.55, np.maximum.reduce(records.by_kind)[person], -1)
    email = np.where((record < 0) | (rng.random(len(kept)) < 0.3), people.email_at(person, time), -1)

    def about_ids(rows: Ints) -> list[str | None]:
        pairs = zip(about[rows].tolist(), kind[rows].tolist(), strict=True)
        return [
            None if number < 0 else openings[number] if sort == 0 else f"CM{number:08d}"
            for number, sort in pairs
        ]

    words = ("store", "email", "phone", "social", "sms", "letter")
    columns: dict[str, Column] = {
        "answer_id": Identifiers("SA", np.arange(len(kept)), 8),
        "answered_at": Times(time),
        "survey_id": Pool(("after_contact", "after_order", "yearly"), kind),
        "question_key": Pool(
            ("satisfaction", "recommendation", "is_resolved", "preferred_channel"), question
        ),
        "score": Numbers(score),
        "score_max": Numbers(score_max),
        "answer_text": Pool(words, answer),
        "about_kind": Pool(("contact", "order", "relationship"), kind),
        "about_id": Computed(about_ids),
        "customer_ref": Identifiers("C", record),
        "customer_source": Pool(("store",), np.where(record >= 0, 0, -1)),
        "email": written_emails(people.emails, email, np.zeros(len(kept), dtype=np.int8)),
        "language": Pool(LANGUAGES, people.language[person]),
        "brand_id": Constant(BRANDS[0]),
    }
    return Table(
        "contact", "survey_answers", columns, time, ("answer_id",), None, person.astype(np.int32), False,
        {"customer": record, "email": email},
    )  # fmt: skip


def _answers(about: Array, person: Array, time: Ints, kind: str) -> tuple[Array, Array, Array, Array]:
    code = ("case", "order", "relationship").index(kind)
    return about, person, time, np.full(len(person), code)


def bookings_table(context: Context, records: Records, orders: Orders) -> Table:
    """Return the table `group_bookings`: workshops that friends and families book together, never one person."""
    config, people = context.config, context.people
    rng = config.rng("bookings")
    members = np.flatnonzero(people.kind == CUSTOMER)
    bookings = max(round(config.customers * 0.02 * config.days / 365), 2)
    size = rng.integers(2, 6, bookings)
    booking = np.repeat(np.arange(bookings), size)
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    number = np.arange(len(booking)) - first[booking] + 1
    person = members[rng.integers(0, len(members), len(booking))]
    home = _homes(people.household, members)
    is_family = (rng.random(bookings) < 0.4)[booking] & (number > 1)
    head = person[first][booking]
    sibling = np.array(
        [
            home[int(people.household[who])][int(place) % len(home[int(people.household[who])])]
            for who, place in zip(head, number, strict=True)
        ]
    )
    person = np.where(is_family, sibling, person)
    day = config.start // DAY + 2 + (rng.random(bookings) * (config.days - 4)).astype(np.int64)
    booked_at = draw_instants(rng, day, "online")[booking]
    kept = np.flatnonzero(
        (booked_at < config.end - 60) & (people.since[person] < booked_at) & ~_repeated(booking, person)
    )
    booking, number, person, booked_at = booking[kept], number[kept], person[kept], booked_at[kept]
    count = len(kept)
    draw = rng.random(count)
    record = np.where((number == 1) | (draw < 0.25), np.maximum.reduce(records.by_kind)[person], -1)
    email = np.where((number == 1) | ((draw >= 0.2) & (draw < 0.65)), people.email_at(person, booked_at), -1)
    phone = np.where((draw >= 0.55) & (draw < 0.9), people.phone_at(person, booked_at), -1)
    email, is_email_wrong = typed_email(config, rng, people, email, 0.054)
    phone, is_phone_wrong = typed_phone(config, rng, people, phone, 0.054)
    given, family, is_wrong = write_names(
        rng, people.given[person], people.family_at(person, booked_at), config.share(0.13)
    )
    order_of = np.full(len(people), -1)
    order_of[orders.person[orders.person >= 0]] = np.flatnonzero(orders.person >= 0)
    paid = order_of[head][kept]
    names = ("Atelier bougies", "Cours de cuisine", "Soirée avant-première", "Atelier tricot")
    columns: dict[str, Column] = {
        "booking_id": Identifiers("GB", booking, 6),
        "member_number": Integers(number),
        "updated_at": Times(booked_at, is_paris=True),
        "booked_at": Times(booked_at, is_paris=True),
        "customer_ref": Identifiers("C", record),
        "customer_source": Pool(("store",), np.where(record >= 0, 0, -1)),
        "first_name": Texts(given),
        "last_name": Texts(family),
        "email": written_emails(people.emails, email, rng.choice([0, 0, 0, 1], count)),
        "phone": written_phones(people.phones, phone, rng.integers(0, 7, count)),
        "is_organiser": Bools(number == 1),
        "order_id": Identifiers("CM", paid, 8),
        "event_name": Pool(names, booking % len(names)),
        "brand_id": Pool(BRANDS, (booking % 5 == 0).astype(np.int8)),
    }
    return Table(
        "contact", "group_bookings", columns, booked_at, ("booking_id", "member_number"), "updated_at",
        person.astype(np.int32), True,
        {"customer": record, "email": email, "phone": phone},
        {
            "has_name": np.ones(count, dtype=np.bool_), "name_error": is_wrong,
            "identifier_error": is_email_wrong | is_phone_wrong,
            "is_current": np.ones(count, dtype=np.bool_), "is_stale": np.zeros(count, dtype=np.bool_),
        },
    )  # fmt: skip


def _homes(household: Array, members: Array) -> dict[int, list[int]]:
    homes: dict[int, list[int]] = {}
    for who, home in zip(members.tolist(), household[members].tolist(), strict=True):
        homes.setdefault(home, []).append(who)
    return homes


def _repeated(booking: Array, person: Array) -> Array:
    """Which rows name a person again in the same booking."""
    pairs = booking.astype(np.int64) * 2**32 + person
    again = np.ones(len(pairs), dtype=np.bool_)
    again[np.unique(pairs, return_index=True)[1]] = False
    return again
