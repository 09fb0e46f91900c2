"""Erasure of a person (GDPR 17): one transaction over the whole warehouse, with its proof.

Its steps: who it is (erasure_person), where the person can stand (erasure_catalog), raw and normalised values
(erasure_raw), texts of others that quote the person (erasure_texts), what builds and publications made
(erasure_derived), identity, rejected rows, tombstones and ledger (erasure_fixed), delivered files (erasure_files).
docs/rights.md tells the story.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from cercle import db
from cercle.build_lock import build_lock
from cercle.dbt_runner import read_or_make_manifest
from cercle.errors import EXIT_LOCKED, CercleError
from cercle.privacy import erasure_derived, erasure_files, erasure_fixed, erasure_raw
from cercle.privacy.erasure_archive import archive_accounts
from cercle.privacy.erasure_catalog import Catalogue, read_catalogue
from cercle.privacy.erasure_derived import RelationCount
from cercle.privacy.erasure_person import Person, find_person_to_erase, keep_keys
from cercle.privacy.erasure_texts import quote_pattern, replace_quotes, replace_quotes_in_raw
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.privacy.staged_records import make_staged_views
from cercle.settings import Settings
from cercle.sources import all_contracts

__all__ = ["Erasure", "Order", "erase", "forget_statistics"]


@dataclass(frozen=True)
class Erasure:
    """What an erasure did; numbers and names of relations alone.

    Attributes:
        erasure_id: of its proof; None for a dry run.
        relations: where the person stood.
        shared_identifier_count: identifiers that other people use too: they stay with those people.
        archived_row_count: rows that accounting law makes the company keep.
        tombstone_count: keep old files from bringing the person back.
        files: delivered files that held the person.
        foreign_relations: tables of others that were not touched: `cercle privacy verify` searches them.
    """

    erasure_id: int | None
    erased_at: datetime
    record_count: int
    identifier_count: int
    shared_identifier_count: int
    archived_row_count: int
    tombstone_count: int
    relations: Sequence[RelationCount]
    foreign_relations: Sequence[str]
    duration_seconds: float
    files: Sequence[erasure_files.HeldFile] = field(default_factory=tuple)


@dataclass(frozen=True)
class Order:
    """Who is to be erased, and why. Its repr shows no contact point.

    Attributes:
        reason: a sentence without personal values.
        customer_id: the person; or
        contact_point: kind:value of a contact point that nobody else uses.
        request_key: the request that asks for it (privacy.requests).
        region: country of a number without a country code.
    """

    reason: str
    customer_id: str | None = None
    contact_point: str | None = field(default=None, repr=False)
    request_key: str | None = None
    region: str = "FR"


def erase(
    settings: Settings, order: Order, is_dry_run: bool = False, is_deleting_files: bool = False
) -> Erasure:
    """Erase a person everywhere, in one transaction, under the locks of builds and of the ledger.

    Args:
        settings: the database, the dbt project, the landing folder, the secret.
        order: who, and why.
        is_dry_run: do everything, count, and roll back.
        is_deleting_files: delete the landing files that held the person; else they are listed.

    Raises:
        CercleError: the person or request is not known; a build is under way; a relation holds personal columns and
            nothing says how to erase from it. Nothing is changed then.
    """
    started = time.monotonic()
    keys = PseudonymKey.every(settings)
    with build_lock(settings):
        manifest = read_or_make_manifest(settings)
        with db.connect(settings) as connection:
            with db.advisory_lock(connection, "ledger"):
                _refuse_build(connection)
                _refuse_request(connection, order.request_key)
                entities = [entity for contract in all_contracts() for entity in contract.entities]
                catalogue = read_catalogue(connection, entities, manifest)
                make_staged_views(connection, settings)
                person = find_person_to_erase(
                    connection, order.customer_id, order.contact_point, order.region
                )
                erasure = _erase(connection, catalogue, person, keys, order, started)
                if is_dry_run:
                    connection.rollback()
            if is_dry_run:
                return _dry(erasure)
            forget_statistics(connection, erasure.relations)
            assert erasure.erasure_id is not None
            files = erasure_files.deal_with_files(connection, settings, erasure.erasure_id, is_deleting_files)
            return Erasure(**{**vars(erasure), "files": files, "duration_seconds": _since(started)})


def _refuse_build(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select build_id from ops.builds where state = 'running' and lease_until > clock_timestamp()"
    ).fetchone()
    if row is not None:
        raise CercleError(
            f"Build {row[0]} is between two of its tasks",
            where="ops.builds",
            remedy="Erase when it has ended",
            exit_code=EXIT_LOCKED,
        )


def _refuse_request(connection: psycopg.Connection, request_key: str | None) -> None:
    if request_key is None:
        return
    row = connection.execute(
        "select kind from privacy.requests where request_key = %s", (request_key,)
    ).fetchone()
    if row is None:
        raise CercleError(
            "There is no such request", where=request_key, remedy="`cercle privacy requests` lists them"
        )
    if row[0] != "erasure":
        raise CercleError(f"This is a request for {row[0]}, not for erasure", where=request_key)


def _erase(
    connection: psycopg.Connection,
    catalogue: Catalogue,
    person: Person,
    keys: Sequence[PseudonymKey],
    order: Order,
    started: float,
) -> Erasure:
    """Do all of it in the open transaction."""
    key, entities = keys[-1], catalogue.entities
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    erased_at: datetime = row[0]
    keep_keys(connection, person, keys)
    erasure_raw.find_rows(connection, entities, person, keys)
    spellings, _ = erasure_raw.take_originals(connection, entities)
    erasure_files.keep_files(connection)
    if not _count(connection, "select count(*) from erased_rows") and not person.customer_ids:
        raise CercleError(
            "Nothing in the warehouse is of this contact point", remedy="Check it, or load its files first"
        )
    erasure_id = _insert(connection, person, key, order, erased_at)
    archived = archive_accounts(connection, entities, erasure_id)
    index = erasure_fixed.bury(connection, person, spellings, key, erased_at, order.request_key)
    counts = [
        RelationCount(count.relation, "deleted", count.before, count.after)
        for count in erasure_raw.delete_rows(connection, entities)
    ]
    counts += [
        RelationCount(count.relation, "cleared", count.before, count.after)
        for count in erasure_raw.clear_raw_references(connection, entities)
    ]
    pattern = quote_pattern(person, spellings)
    if pattern is not None:
        counts += replace_quotes_in_raw(connection, entities, pattern)
    forgotten = erasure_raw.forget_values(connection, entities, person, keys)
    counts.append(RelationCount("ops.normalised_values", "deleted", forgotten, 0))
    counts.append(erasure_fixed.delete_rejected(connection, index, order.region))
    counts += erasure_derived.delete_targets(connection, catalogue.targets)
    if pattern is not None:
        counts += replace_quotes(connection, entities, catalogue.targets, pattern)
    counts += erasure_derived.empty_tables(connection, catalogue.emptied)
    counts += erasure_fixed.delete_identity(connection)
    counts.append(erasure_fixed.append_to_ledger(connection, person, keys, erasure_id, erased_at))
    counts.append(RelationCount("archive.accounting_rows", "archived", archived, archived))
    counts = _merge(counts)
    erasure_files.list_files(connection, erasure_id)
    erasure = Erasure(
        erasure_id=erasure_id,
        erased_at=erased_at,
        record_count=_count(connection, "select count(*) from erased_records"),
        identifier_count=len(person.own),
        shared_identifier_count=person.shared_count,
        archived_row_count=archived,
        tombstone_count=_count(
            connection, "select count(*) from privacy.tombstones where erased_at = %s", (erased_at,)
        ),
        relations=counts,
        foreign_relations=catalogue.foreign,
        duration_seconds=_since(started),
    )
    _prove(connection, erasure, order.request_key)
    return erasure


def _insert(
    connection: psycopg.Connection,
    person: Person,
    key: PseudonymKey,
    order: Order,
    erased_at: datetime,
) -> int:
    person_key = (
        key.of(person.own[0].kind, person.own[0].value)
        if person.customer_id is None
        else key.of(IDENTITY_KIND, f"customer:{person.customer_id}")
    )
    row = connection.execute(
        """
        insert into privacy.erasures (
            request_key, person_key, key_version, reason, erased_at, record_count, identifier_count,
            shared_identifier_count, tombstone_count, archived_row_count
        )
        values (%s, %s, %s, %s, %s, 0, %s, %s, 0, 0)
        returning erasure_id
        """,
        (
            order.request_key,
            person_key,
            key.version,
            order.reason,
            erased_at,
            len(person.own),
            person.shared_count,
        ),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _prove(connection: psycopg.Connection, erasure: Erasure, request_key: str | None) -> None:
    """Write the proof, and the answer to the request."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into privacy.erasure_relations (erasure_id, relation, action, rows_before, rows_after, note)
            values (%s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    erasure.erasure_id,
                    count.relation,
                    count.action,
                    count.before,
                    count.after,
                    "All rows, as the planner estimates them." if count.action == "emptied" else None,
                )
                for count in erasure.relations
            ],
        )
    connection.execute(
        """
        update privacy.erasures
        set record_count = %s, tombstone_count = %s, archived_row_count = %s, duration_seconds = %s
        where erasure_id = %s
        """,
        (
            erasure.record_count,
            erasure.tombstone_count,
            erasure.archived_row_count,
            erasure.duration_seconds,
            erasure.erasure_id,
        ),
    )
    if request_key is not None:
        connection.execute(
            "insert into privacy.request_answers (request_key, outcome, note) values (%s, 'fulfilled', %s)",
            (request_key, f"Erased, proof {erasure.erasure_id}."),
        )


def _merge(counts: Sequence[RelationCount]) -> list[RelationCount]:
    """One element per relation and action; those that were not touched are left out."""
    merged: dict[tuple[str, str], RelationCount] = {}
    for count in counts:
        place = (count.relation, count.action)
        earlier = merged.get(place, RelationCount(*place, 0, 0))
        merged[place] = RelationCount(*place, earlier.before + count.before, earlier.after + count.after)
    return [merged[place] for place in sorted(merged) if merged[place].before]


def forget_statistics(connection: psycopg.Connection, relations: Sequence[RelationCount]) -> None:
    """Renew the planner's statistics of what was touched: they quote frequent values.

    A small sample does until upkeep, which rewrites these tables, takes the usual one. An emptied table keeps its old
    ones, which PostgreSQL 18 can clear; before it they go with the next build.
    """
    connection.execute("set local default_statistics_target = 10")
    has_clearing = connection.execute("select to_regproc('pg_clear_attribute_stats') is not null").fetchone()
    for count in relations:
        schema, _, name = count.relation.partition(".")
        if count.action == "emptied" and has_clearing and has_clearing[0]:
            connection.execute(
                "select pg_clear_attribute_stats(schemaname, tablename, attname, inherited) from pg_stats "
                "where schemaname = %s and tablename = %s",
                (schema, name),
            )
        elif count.action in ("deleted", "cleared"):
            connection.execute(f'analyze "{schema}"."{name}"'.encode())
    connection.commit()


def _count(connection: psycopg.Connection, query: str, parameters: tuple[object, ...] = ()) -> int:
    row = connection.execute(query.encode(), parameters).fetchone()
    return int(row[0]) if row else 0


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _dry(erasure: Erasure) -> Erasure:
    return Erasure(**{**vars(erasure), "erasure_id": None})
