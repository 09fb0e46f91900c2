"""Rotation of the secret of pseudonyms: every value that is still known gets a pseudonym under the newest version.

The ledger keeps its names: a contact point's first pseudonym. privacy.contact_points and privacy.source_identities get
a line for the new one. Old versions stay in CERCLE_HMAC_KEYS, since tombstones, and contact points whose clear value
was erased, are known under them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from cercle import db
from cercle.build_lock import build_lock
from cercle.dbt_runner import read_or_make_manifest
from cercle.errors import CercleError
from cercle.load.normalise import CONTACT_KINDS
from cercle.load.rules import identifier
from cercle.privacy.decisions import READ_BETWEEN_BUILDS
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.settings import Settings

__all__ = ["Rotation", "adopt_old_names", "rotate"]

_KIND_OF_TYPE = {
    "email": "email",
    "phone": "tel",
    "postal_address": "addr",
    "account_ref": "social",
    "source_identity": IDENTITY_KIND,
}
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Rotation:
    """What a rotation did.

    Attributes:
        key_version: the newest.
        value_count: known values that have a new pseudonym.
        name_count: lines added to the names of the ledger.
        unknown_count: values that no version of the secret explains; they keep their pseudonym.
        orphan_count: names of the ledger whose clear value is not known any more.
    """

    key_version: str
    value_count: int
    name_count: int
    unknown_count: int
    orphan_count: int


def rotate(settings: Settings) -> Rotation:
    """Key every known value under the newest version of the secret, in one transaction; again changes nothing.

    Incremental tables that hold pseudonyms are dropped: the next build makes them whole.

    Args:
        settings: CERCLE_HMAC_KEYS has the old versions and, last, the new one.

    Raises:
        CercleError: there is one version alone.
    """
    keys = PseudonymKey.every(settings)
    if len(keys) == 1:
        raise CercleError(
            "There is one version of the secret alone",
            where="CERCLE_HMAC_KEYS",
            remedy="Add a new one at its end: k1:<hex>,k2:<hex> (openssl rand -hex 32)",
        )
    manifest = read_or_make_manifest(settings)
    with build_lock(settings), db.connect(settings) as connection, db.advisory_lock(connection, "ledger"):
        connection.execute("lock table ops.normalised_values in share row exclusive mode")
        value_count, unknown_count = _key_anew(connection, keys)
        name_count = _add_names(connection, keys[-1])
        if value_count:
            _drop_incremental(connection, manifest)
        orphans = _orphans(connection, keys[-1])
    return Rotation(keys[-1].version, value_count, name_count, unknown_count, len(orphans))


def adopt_old_names(connection: psycopg.Connection, keys: Sequence[PseudonymKey]) -> int:
    """Give values that came after a rotation the name that the ledger has for them under an older version.

    An erased person's stop is kept as a pseudonym of the old version. When the contact point is delivered again, the
    stop must bind it, though nobody knew its clear value when the secret was changed.

    Args:
        connection: its caller holds the lock `ledger`.
        keys: all versions, the newest last.

    Returns:
        How many lines were added.
    """
    if len(keys) == 1:
        return 0
    orphans = _orphans(connection, keys[-1])
    if not orphans:
        return 0
    adopted = []
    rows = connection.execute(
        """
        select distinct known.value_type, known.normalised, known.value_key
        from ops.normalised_values as known
        where known.key_version = %s
            and known.value_key is not null
            and not exists (
                select from privacy.contact_points where contact_points.contact_point_key = known.value_key
            )
        """,
        (keys[-1].version,),
    ).fetchall()
    for value_type, normalised, value_key in rows:
        for kind, form in _readings(value_type, normalised):
            names = {orphans.get(key.of(kind, form)) for key in keys[:-1]} - {None}
            if names and keys[-1].of(kind, form) == value_key:
                adopted.append((value_key, kind, keys[-1].version, min(filter(None, names))))
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into privacy.contact_points (contact_point_key, kind, key_version, ledger_key) "
            "values (%s, %s, %s, %s) on conflict do nothing",
            adopted,
        )
    return len(adopted)


def _key_anew(connection: psycopg.Connection, keys: Sequence[PseudonymKey]) -> tuple[int, int]:
    """Fill pg_temp.rotated_keys (old_key, new_key, kind), and put the new ones in place."""
    connection.execute(
        "create temporary table rotated_keys (old_key text, new_key text, kind text) on commit drop"
    )
    unknown_count = 0
    with connection.cursor(name="cercle_keyed") as cursor, connection.cursor() as writer:
        cursor.execute(
            """
            select distinct value_type, normalised, value_key
            from ops.normalised_values
            where value_key is not null and key_version <> %s
            """,
            (keys[-1].version,),
        )
        while rows := cursor.fetchmany(_AT_ONCE):
            found = list(_rotated(rows, keys))
            unknown_count += len(rows) - len(found)
            with writer.copy("copy pg_temp.rotated_keys from stdin") as copy:
                for row in found:
                    copy.write_row(row)
    connection.execute("analyze pg_temp.rotated_keys")
    count = connection.execute(
        """
        update ops.normalised_values as known
        set value_key = rotated.new_key, key_version = %s
        from (select distinct old_key, new_key from pg_temp.rotated_keys) as rotated
        where known.value_key = rotated.old_key
        """,
        (keys[-1].version,),
    ).rowcount
    return count, unknown_count


def _rotated(
    rows: Iterable[tuple[str, str | None, str]], keys: Sequence[PseudonymKey]
) -> Iterator[tuple[str, str, str]]:
    """Old pseudonym, new one, kind; a value whose old pseudonym no version explains is left out."""
    for value_type, normalised, value_key in rows:
        for kind, form in _readings(value_type, normalised):
            if any(key.of(kind, form) == value_key for key in keys[:-1]):
                yield value_key, keys[-1].of(kind, form), kind
                break


def _readings(value_type: str, normalised: str | None) -> list[tuple[str, str]]:
    """Kind and text that a value's pseudonym may cover."""
    if normalised is None:
        return []
    if value_type == "contact_point":
        kind, _, form = normalised.partition(":")
        return [(kind, form)]
    if value_type in _KIND_OF_TYPE:
        return [(_KIND_OF_TYPE[value_type], normalised)]
    # A contact point that could not be read: its kind was not kept, but its pseudonym tells.
    return [(kind, normalised) for kind in ("", *CONTACT_KINDS)]


def _add_names(connection: psycopg.Connection, key: PseudonymKey) -> int:
    points = connection.execute(
        """
        insert into privacy.contact_points (contact_point_key, kind, key_version, ledger_key)
        select distinct rotated.new_key, contact_points.kind, %s, contact_points.ledger_key
        from pg_temp.rotated_keys as rotated
        inner join privacy.contact_points on rotated.old_key = contact_points.contact_point_key
        on conflict do nothing
        """,
        (key.version,),
    ).rowcount
    identities = connection.execute(
        """
        insert into privacy.source_identities (identity_key, key_version, ledger_key)
        select distinct rotated.new_key, %s, source_identities.ledger_key
        from pg_temp.rotated_keys as rotated
        inner join privacy.source_identities on rotated.old_key = source_identities.identity_key
        on conflict do nothing
        """,
        (key.version,),
    ).rowcount
    connection.execute(
        """
        update identity.overrides
        set identifier_value = rotated.new_key
        from (select distinct old_key, new_key from pg_temp.rotated_keys) as rotated
        where overrides.identifier_value = rotated.old_key
        """
    )
    return points + identities


def _drop_incremental(connection: psycopg.Connection, manifest: Mapping[str, Any]) -> None:
    """Incremental models hold pseudonyms of rows that no new load brings: dbt makes a table whole that is not there.

    A view on one (`marts_build.contactability`) goes with it, and comes with the next build as well. What decisions
    read in between stays, by the names of the ledger; without answers the next build compares it whole.
    """
    for node in manifest["nodes"].values():
        name = node.get("alias") or node["name"]
        if (
            node["resource_type"] == "model"
            and node["config"]["materialized"] == "incremental"
            and f"{node['schema']}.{name}" not in READ_BETWEEN_BUILDS
        ):
            connection.execute(f"drop table if exists {identifier(node['schema'], name)} cascade".encode())


def _orphans(connection: psycopg.Connection, key: PseudonymKey) -> dict[str, str]:
    """Pseudonyms of contact points whose name has no line under the newest version, with that name."""
    return dict(
        connection.execute(
            """
            select contact_points.contact_point_key, contact_points.ledger_key
            from privacy.contact_points
            where not exists (
                select
                from privacy.contact_points as newest
                where newest.ledger_key = contact_points.ledger_key and newest.key_version = %s
            )
            """,
            (key.version,),
        ).fetchall()
    )
