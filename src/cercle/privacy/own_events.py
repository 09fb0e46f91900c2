"""Events that cercle itself records in the ledger: an erasure, an objection or restriction that a request asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from cercle.privacy.ledger import append, make_pending
from cercle.privacy.lookup import name_identity
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey

__all__ = ["OwnEvent", "append_own_events", "ledger_identities", "link_identities"]


@dataclass(frozen=True)
class OwnEvent:
    """An event of ours.

    Attributes:
        source_event_id: unique among ours: a second append of the same event changes nothing.
        identity_key: name of the source identity in the ledger; or
        contact_point_key: of the contact point, with its kind.
        actor: subject where the person asked for it.
    """

    source_event_id: str
    type: str
    occurred_at: datetime
    actor: str
    identity_key: str | None = None
    contact_point_key: str | None = None
    contact_point_kind: str | None = None
    channel: str | None = None
    scope: str | None = None
    method: str | None = None


def ledger_identities(
    connection: psycopg.Connection, references: Sequence[str], keys: Sequence[PseudonymKey]
) -> list[str]:
    """Return the names that the ledger has for source identities, and register those that it has not met.

    Args:
        connection: in a transaction.
        references: `source:number`.
        keys: all versions of the secret, the newest last.
    """
    return [name_identity(connection, keys, reference) for reference in references]


def link_identities(
    connection: psycopg.Connection, references: Sequence[str], customer_id: str, keys: Sequence[PseudonymKey]
) -> list[str]:
    """As `ledger_identities`, and let decisions know at once whose they are.

    The next build finds the same links by the values that are kept here (int_consent_identities_linked).

    Args:
        connection: in a transaction.
        references: `source:number` of the customer's own records.
        customer_id: of today.
        keys: all versions of the secret, the newest last.
    """
    names = ledger_identities(connection, references, keys)
    for reference, name in zip(references, names, strict=True):
        system, _, number = reference.partition(":")
        connection.execute(
            """
            insert into ops.normalised_values (
                value_type, region, original_hash, normalised, value_key, key_version, library_version
            )
            values ('source_identity', %s, md5(%s)::uuid, %s, %s, %s, 'cercle 1')
            on conflict do nothing
            """,
            (system, number, reference, keys[-1].of(IDENTITY_KIND, reference), keys[-1].version),
        )
        connection.execute(
            """
            insert into privacy.source_identities (identity_key, key_version, ledger_key)
            values (%s, %s, %s)
            on conflict do nothing
            """,
            (keys[-1].of(IDENTITY_KIND, reference), keys[-1].version, name),
        )
        connection.execute(
            """
            insert into intermediate.int_consent_identities_linked (
                ledger, identity, person_id, valid_from, valid_to, lifts_from, known_from, known_to
            )
            select 'main', %(identity)s, %(person)s, '-infinity', 'infinity', clock_timestamp(), '-infinity', 'infinity'
            where not exists (
                select
                from intermediate.int_consent_identities_linked as known
                where known.ledger = 'main' and known.identity = %(identity)s and known.person_id = %(person)s
            )
            """,
            {"identity": name, "person": customer_id},
        )
    return names


def append_own_events(connection: psycopg.Connection, events: Sequence[OwnEvent]) -> int:
    """Append events, recorded now; return how many were new.

    Args:
        connection: its caller holds the lock `ledger` and commits.
        events: of any type of the vocabulary.
    """
    if not events:
        return 0
    pending = make_pending(connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into pending_consent_events (
                ledger, source_system, source_event_id, identity_key, contact_point_key, contact_point_kind, channel,
                type, scope, occurred_at, recorded_at, actor, method
            )
            values ('main', 'cercle', %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp(), %s, %s)
            """,
            [
                (
                    event.source_event_id,
                    event.identity_key,
                    event.contact_point_key,
                    event.contact_point_kind,
                    event.channel,
                    event.type,
                    event.scope,
                    event.occurred_at,
                    event.actor,
                    event.method,
                )
                for event in events
            ],
        )
    return append(connection, pending).appended
