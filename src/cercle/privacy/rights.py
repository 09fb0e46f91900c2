"""Answers to requests of persons, and what an answer sets in motion: restriction, objection, withdrawal, rectification.

An answer is a row of privacy.request_answers and never a change of the request: its source delivers that one again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from cercle import db
from cercle.errors import CercleError
from cercle.privacy.clock import PARIS, due_date
from cercle.privacy.erasure_person import Person, find_person_to_erase
from cercle.privacy.lookup import name_contact_point
from cercle.privacy.own_events import OwnEvent, append_own_events, link_identities
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.settings import Settings

__all__ = [
    "ANSWERED_REQUESTS",
    "KINDS",
    "OUTCOMES",
    "Answer",
    "answer_request",
    "enter_request",
    "list_requests",
]

# Kind of request -> article of the GDPR.
KINDS = {
    "access": "15",
    "rectification": "16",
    "erasure": "17",
    "restriction": "18",
    "portability": "20",
    "objection": "21",
    "withdrawal": "7-3",
}
OUTCOMES = ("fulfilled", "refused", "extended")
_EVENT_OF_KIND = {
    "restriction": "restriction_on",
    "objection": "objection",
    "withdrawal": "consent_withdrawn",
}
_CHANNELS = ("email", "sms", "phone_call", "phone_auto", "postal", "social_audience")
_LOYALTY = "loyalty:"


@dataclass(frozen=True)
class Answer:
    """An answer that was recorded.

    Attributes:
        event_count: events that it appended to the ledger: from now on they decide.
    """

    request_key: str
    kind: str
    outcome: str
    answered_at: datetime
    event_count: int


def enter_request(
    settings: Settings,
    customer_id: str,
    kind: str,
    received_at: datetime | None = None,
    channel: str | None = None,
) -> str:
    """Enter a request that came by another way than a source; return its key, `cercle:<number>`.

    Args:
        settings: the database and the secret.
        customer_id: who asks.
        kind: one of KINDS.
        received_at: with its zone; by default now.
        channel: by which it came.

    Raises:
        CercleError: there is no such customer, or no such kind of request.
    """
    if kind not in KINDS:
        raise CercleError(f"A request is one of {', '.join(KINDS)}; got {kind!r}")
    moment = received_at or datetime.now(UTC)
    key = PseudonymKey.current(settings)
    with db.connect(settings) as connection:
        person = find_person_to_erase(connection, customer_id, None)
        points = [
            key.of(identifier.kind, identifier.value)
            for identifier in person.own
            if identifier.kind != IDENTITY_KIND
        ]
        row = connection.execute(
            """
            insert into privacy.requests (
                request_key, right_article, kind, status, received_at, due_date, channel, identity_key,
                contact_point_keys, recorded_at
            )
            select
                'cercle:' || coalesce(max(substr(request_key, 8)::bigint), 0) + 1,
                %(article)s, %(kind)s, 'received', %(received_at)s, %(due)s, %(channel)s, %(identity)s, %(points)s,
                clock_timestamp()
            from privacy.requests
            where request_key ~ '^cercle:[0-9]+$'
            returning request_key
            """,
            {
                "article": KINDS[kind],
                "kind": kind,
                "received_at": moment,
                "due": due_date(moment),
                "channel": channel,
                "identity": key.of(IDENTITY_KIND, f"customer:{person.customer_id}"),
                "points": points,
            },
        ).fetchone()
    assert row is not None
    return str(row[0])


def answer_request(
    settings: Settings, request_key: str, outcome: str, note: str, customer_id: str | None = None
) -> Answer:
    """Record the answer to a request, and let it take effect where it was fulfilled.

    Restriction: decisions deny from now on (RESTRICTED). Objection: a stop of the person and of the contact points.
    Withdrawal: a stop on each channel. Rectification: the note says what the source must deliver; raw is what
    sources said, so that only a new version of the record changes it.

    Args:
        settings: the database and the secret.
        request_key: as `cercle privacy requests` shows it.
        outcome: fulfilled, refused or extended (to three months).
        note: a sentence without personal values: what was done, or why not.
        customer_id: whose request it is; by default as identity has linked it.

    Raises:
        CercleError: there is no such request, it is answered, it is one for erasure (`erase` answers it), or nobody
            is linked to it.
    """
    if outcome not in OUTCOMES:
        raise CercleError(f"An outcome is one of {', '.join(OUTCOMES)}; got {outcome!r}")
    keys = PseudonymKey.every(settings)
    with db.connect(settings) as connection, db.advisory_lock(connection, "ledger"):
        kind, received_at = _open_request(connection, request_key)
        if kind == "erasure" and outcome == "fulfilled":
            raise CercleError(
                "A request for erasure is fulfilled by the erasure",
                where=request_key,
                remedy="cercle privacy erase --request KEY --customer c_…",
            )
        event_count = 0
        if outcome == "fulfilled" and kind in _EVENT_OF_KIND:
            person = _requester(connection, keys, request_key, customer_id)
            event_count = append_own_events(
                connection, _events(connection, person, keys, request_key, kind, received_at)
            )
        row = connection.execute(
            "insert into privacy.request_answers (request_key, outcome, note) values (%s, %s, %s) "
            "returning answered_at",
            (request_key, outcome, note),
        ).fetchone()
    assert row is not None
    return Answer(request_key, kind, outcome, row[0], event_count)


def list_requests(connection: psycopg.Connection, with_closed: bool = False) -> list[dict[str, Any]]:
    """Return the requests with the last day of their answer, the most urgent first.

    Args:
        connection: any.
        with_closed: answered ones too.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ANSWERED_REQUESTS).fetchall()
    today = datetime.now(PARIS).date()
    for row in rows:
        row["due_date"] = due_date(row["received_at"], row["is_extended"])
        answered = (row["closed_at"] or datetime.now(UTC)).astimezone(PARIS).date()
        row["is_late"] = answered > row["due_date"]
        row["days_left"] = None if row["closed_at"] else (row["due_date"] - today).days
    return sorted(
        (row for row in rows if with_closed or row["closed_at"] is None),
        key=lambda row: (row["closed_at"] is not None, row["due_date"], row["request_key"]),
    )


# Requests as their sources tell them, closed or extended by our answers too.
ANSWERED_REQUESTS: LiteralString = """
select
    requests.request_key,
    requests.kind,
    requests.right_article,
    requests.status,
    requests.received_at,
    requests.due_date,
    requests.is_extended or answers.is_extended as is_extended,
    answers.is_extended and not requests.is_extended as is_extended_by_us,
    least(requests.closed_at, answers.closed_at) as closed_at,
    answers.outcome,
    answers.answered_by
from privacy.requests
cross join lateral (
    select
        coalesce(bool_or(request_answers.outcome = 'extended'), false) as is_extended,
        min(request_answers.answered_at) filter (where request_answers.outcome <> 'extended') as closed_at,
        (array_agg(request_answers.outcome order by request_answers.request_answer_id desc))[1] as outcome,
        (array_agg(request_answers.answered_by order by request_answers.request_answer_id desc))[1] as answered_by
    from privacy.request_answers
    where request_answers.request_key = requests.request_key
) as answers
"""


def _open_request(connection: psycopg.Connection, request_key: str) -> tuple[str, datetime]:
    row = connection.execute(
        """
        select
            requests.kind,
            requests.received_at,
            (
                select min(request_answers.outcome)
                from privacy.request_answers
                where request_answers.request_key = requests.request_key and request_answers.outcome <> 'extended'
            )
        from privacy.requests
        where requests.request_key = %s
        """,
        (request_key,),
    ).fetchone()
    if row is None:
        raise CercleError(
            "There is no such request", where=request_key, remedy="`cercle privacy requests` lists them"
        )
    if row[2] is not None:
        raise CercleError(f"This request is answered already: {row[2]}", where=request_key)
    return row[0], row[1]


def _requester(
    connection: psycopg.Connection, keys: Sequence[PseudonymKey], request_key: str, customer_id: str | None
) -> Person:
    """The customer who asks: named, or linked to the request's record; one that was entered here must fit."""
    linked = connection.execute(
        "select id from identity.members where kind = 'customer' and member_key = %s and known_to = 'infinity'",
        (request_key,),
    ).fetchone()
    found = customer_id or (str(linked[0]) if linked else None)
    if found is None:
        raise CercleError(
            "No customer is linked to this request",
            where=request_key,
            remedy="Name the person: --customer c_…",
        )
    person = find_person_to_erase(connection, found, None)
    if linked is not None and linked[0] not in person.customer_ids:
        raise CercleError("The request is linked to another customer", where=request_key)
    if request_key.startswith("cercle:"):
        pseudonyms = [
            key.of(IDENTITY_KIND, f"customer:{known}") for key in keys for known in person.customer_ids
        ]
        row = connection.execute(
            "select 1 from privacy.requests where request_key = %s and identity_key = any(%s)",
            (request_key, pseudonyms),
        ).fetchone()
        if row is None:
            raise CercleError("The request was entered for another customer", where=request_key)
    return person


def _events(
    connection: psycopg.Connection,
    person: Person,
    keys: Sequence[PseudonymKey],
    request_key: str,
    kind: str,
    received_at: datetime,
) -> list[OwnEvent]:
    """The events of an answer, at the moment of the request: for each source identity, and each own contact point."""
    event_type = _EVENT_OF_KIND[kind]
    channels: Sequence[str | None] = _CHANNELS if kind == "withdrawal" else (None,)
    scope = {"objection": "person", "withdrawal": "channel"}.get(kind)
    references = [value for value in person.values(IDENTITY_KIND) if not value.startswith(_LOYALTY)]
    holders: list[tuple[str | None, str | None, str | None]] = [
        (name, None, None) for name in link_identities(connection, references, str(person.customer_id), keys)
    ]
    if kind != "restriction":
        holders += [
            (None, name_contact_point(connection, keys, identifier.kind, identifier.value), identifier.kind)
            for identifier in person.own
            if identifier.kind != IDENTITY_KIND
        ]
    if not holders:
        raise CercleError(
            "The person has no customer number and no contact point of his or her own that the ledger could name",
            where=request_key,
            remedy="Let the source that knows the person record the event",
        )
    return [
        OwnEvent(
            f"{request_key}:{place}:{channel or 'all'}",
            event_type,
            received_at,
            "subject",
            identity_key=identity,
            contact_point_key=point,
            contact_point_kind=point_kind,
            channel=channel,
            scope=scope,
            method="request",
        )
        for place, (identity, point, point_kind) in enumerate(holders)
        for channel in channels
    ]
