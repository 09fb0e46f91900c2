"""Proof of consent for a person (GDPR 7(1)): what was said, when, under which wording, by which method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg.rows import class_row

from cercle.privacy.ledger import first_break
from cercle.privacy.lookup import find_customer

__all__ = ["ConsentProof", "Said", "prove_consent"]


@dataclass(frozen=True)
class Said:
    """One event of the ledger about a person, with what proves it.

    Attributes:
        position: its place in the ledger.
        contact_point_key: pseudonym.
        wording: the words that were shown, where raw still has them and their hash is the ledger's.
        is_wording_whole: whether those words have the hash that the ledger kept.
        evidence_sha256: hash of the source's own reference to its proof.
        is_evidence_whole: whether the raw row's reference has that hash.
        file_name: delivery that brought it, and the line there.
    """

    position: int
    event_id: str
    type: str
    contact_point_key: str | None
    channel: str | None
    purpose: str | None
    occurred_at: datetime | None
    recorded_at: datetime
    actor: str | None
    method: str | None
    notice_id: str | None
    notice_version: str | None
    notice_language: str | None
    wording: str | None
    is_wording_whole: bool | None
    evidence_sha256: str | None
    is_evidence_whole: bool | None
    is_quarantined: bool
    quarantine_reason: str | None
    file_name: str | None
    line: int | None
    row_hash: str


@dataclass(frozen=True)
class ConsentProof:
    """All that a person said, and whether the ledger that says so is whole.

    Attributes:
        first_break: place of the first break of the ledger's chain; None where it is whole.
    """

    customer_id: str
    first_break: int | None
    said: tuple[Said, ...]


def prove_consent(connection: psycopg.Connection, customer_id: str) -> ConsentProof:
    """Return what the ledger holds of a person: of its records, and of the contact points that it has.

    Args:
        connection: to the warehouse.
        customer_id: also a retired one.

    Raises:
        CercleError: there is no such customer, or no build yet.
    """
    resolved = find_customer(connection, customer_id)
    with connection.cursor(row_factory=class_row(Said)) as cursor:
        said = cursor.execute(_SAID, {"customer": resolved}).fetchall()
    return ConsentProof(resolved, first_break(connection), tuple(said))


_SAID: LiteralString = """
with

persons_identities as (
    select identity
    from intermediate.int_consent_identities_linked
    where person_id = %(customer)s
),

persons_points as (
    select contact_point
    from intermediate.int_contact_points_listed
    where customer_id = %(customer)s
),

resolved as (
    select distinct
        event_id,
        record_key
    from intermediate.int_consent_events_resolved
    where identity in (select identity from persons_identities)
        or contact_point in (select contact_point from persons_points)
),

wordings as (
    select distinct on (notices.notice_id, notices.notice_version)
        notices.notice_id,
        notices.notice_version,
        notices.language,
        raw_notices.wording,
        raw_notices.wording is not null as is_wording_whole
    from privacy.notice_versions as notices
    left join raw.privacy__notices as raw_notices
        on notices.notice_id = raw_notices.notice_id
        and notices.notice_version = raw_notices.notice_version
        and notices.wording_sha256 = encode(sha256(convert_to(raw_notices.wording, 'UTF8')), 'hex')
    where notices.ledger = 'main'
    order by notices.notice_id, notices.notice_version, notices.recorded_at desc, raw_notices.wording
)

select
    events.position,
    events.event_id,
    events.type,
    events.contact_point_key,
    events.channel,
    coalesce(events.purpose, events.purposes::text) as purpose,
    events.occurred_at,
    events.recorded_at,
    events.actor,
    events.method,
    events.notice_id,
    events.notice_version,
    wordings.language as notice_language,
    wordings.wording,
    wordings.is_wording_whole,
    events.evidence_sha256,
    case
        when events.evidence_sha256 is not null
            then deliveries.evidence_sha256 is not distinct from events.evidence_sha256
    end as is_evidence_whole,
    events.is_quarantined,
    events.quarantine_reason,
    deliveries.file_name,
    deliveries.line,
    events.row_hash
from privacy.consent_events as events
inner join resolved on events.event_id = resolved.event_id
left join lateral (
    select
        loads.file_name,
        rows._line as line,
        encode(sha256(convert_to(nullif(trim(rows.evidence), ''), 'UTF8')), 'hex') as evidence_sha256
    from raw.privacy__consent_events as rows
    inner join ops.loads on rows._load_id = loads.load_id
    where rows._load_id = events.load_id
        and rows.source_system = events.source_system
        and rows.event_id = events.source_event_id
    order by rows._line
    limit 1
) as deliveries on true
left join wordings
    on events.notice_id = wordings.notice_id and events.notice_version = wordings.notice_version
where events.ledger = 'main'
order by events.position
"""
