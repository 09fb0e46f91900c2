"""Writes what dbt proposed about ids into the schema `identity`, inside the publication's transaction.

dbt decides (macros assign_stable_ids, propose_redirects, propose_changes); this only stores it, set by set and
for every kind of id alike, and writes nothing where nothing changed. So a build that fails or is killed leaves
no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from cercle.errors import CercleError

__all__ = ["KINDS", "KindCounts", "apply_proposal"]

KINDS = ("customer", "conversation", "household")
SCHEMA = "intermediate"


@dataclass(frozen=True)
class KindCounts:
    """What a publication changed for one kind of id.

    Attributes:
        kind: customer, conversation or household.
        minted: ids that are new.
        restored: retired ids that came back.
        retired: ids that lost all their members.
        moved: members that are new, gone, or belong elsewhere now.
        redirected: redirects that begin or lead elsewhere now.
    """

    kind: str
    minted: int
    restored: int
    retired: int
    moved: int
    redirected: int


# `proposed` is a temporary table: a copy for this transaction, with its statistics.
_COPY = """
    create temporary table proposed on commit drop as
    select member_key, id, minted_from, generation, valid_from
    from {versioned}
"""

_MINT = """
    insert into identity.ids (kind, id, minted_from, generation, created_publication_id, created_at)
    select distinct %(kind)s, proposed.id, proposed.minted_from, proposed.generation, %(publication_id)s, %(as_of)s
    from proposed
    where not exists (
        select 1 from identity.ids where ids.kind = %(kind)s and ids.id = proposed.id
    )
"""

_RESTORE = """
    update identity.ids
    set retired_publication_id = null, retired_at = null
    where kind = %(kind)s
        and retired_publication_id is not null
        and id in (select proposed.id from proposed)
"""

_CLOSE_MEMBERS = """
    update identity.members
    set known_to = greatest(known_from, %(as_of)s), to_publication_id = %(publication_id)s
    where kind = %(kind)s
        and known_to = 'infinity'
        and not exists (
            select 1
            from proposed
            where proposed.member_key = members.member_key
                and proposed.id = members.id
                and proposed.valid_from = members.valid_from
        )
"""

_OPEN_MEMBERS = """
    insert into identity.members (kind, member_key, id, valid_from, known_from, from_publication_id)
    select %(kind)s, proposed.member_key, proposed.id, proposed.valid_from, %(as_of)s, %(publication_id)s
    from proposed
    where not exists (
        select 1
        from identity.members
        where members.kind = %(kind)s
            and members.known_to = 'infinity'
            and members.member_key = proposed.member_key
    )
"""

_RETIRE = """
    update identity.ids
    set retired_publication_id = %(publication_id)s, retired_at = %(as_of)s
    where kind = %(kind)s
        and retired_publication_id is null
        and id not in (select proposed.id from proposed)
"""

_END_REDIRECTS = """
    update identity.redirects
    set known_to = greatest(known_from, %(as_of)s)
    where kind = %(kind)s
        and known_to = 'infinity'
        and not exists (
            select 1
            from {redirects} as wanted
            where wanted.kind = %(kind)s
                and wanted.retired_id = redirects.retired_id
                and wanted.successor_id = redirects.successor_id
        )
"""

_BEGIN_REDIRECTS = """
    insert into identity.redirects (kind, retired_id, successor_id, known_from, publication_id)
    select %(kind)s, wanted.retired_id, wanted.successor_id, %(as_of)s, %(publication_id)s
    from {redirects} as wanted
    where wanted.kind = %(kind)s
        and wanted.successor_id is not null
        and not exists (
            select 1
            from identity.redirects
            where redirects.kind = %(kind)s
                and redirects.known_to = 'infinity'
                and redirects.retired_id = wanted.retired_id
        )
"""

_LOG = """
    insert into identity.changes (kind, change, id, other_id, member_count, publication_id, changed_at)
    select %(kind)s, wanted.change, wanted.id, wanted.other_id, wanted.member_count, %(publication_id)s, %(as_of)s
    from {changes} as wanted
    where wanted.kind = %(kind)s
    order by wanted.change, wanted.id, wanted.other_id
"""


def apply_proposal(
    connection: psycopg.Connection[Any], publication_id: int, as_of: datetime
) -> list[KindCounts]:
    """Store the proposal of the build that is being published. Call it once, inside the publication's transaction.

    Args:
        connection: in a transaction that has written the publication's row.
        publication_id: the publication.
        as_of: the build's moment; the axis known_from/known_to counts in it.

    Returns:
        One element per kind of id that the project builds.

    Raises:
        CercleError: the proposal was made for another build, or from another state than the last publication's.
    """
    _refuse_stale(connection, publication_id)
    return [
        _apply_kind(connection, kind, publication_id, as_of) for kind in KINDS if _exists(connection, kind)
    ]


def _apply_kind(
    connection: psycopg.Connection[Any], kind: str, publication_id: int, as_of: datetime
) -> KindCounts:
    values = {"kind": kind, "publication_id": publication_id, "as_of": as_of}
    tables = {
        "versioned": sql.Identifier(SCHEMA, _versioned(kind)),
        "redirects": sql.Identifier(SCHEMA, "int_id_redirects_proposed"),
        "changes": sql.Identifier(SCHEMA, "int_id_changes_proposed"),
    }

    def run(statement: str) -> int:
        return connection.execute(sql.SQL(statement).format(**tables), values).rowcount

    connection.execute("drop table if exists pg_temp.proposed")
    run(_COPY)
    connection.execute("analyze proposed")
    minted = run(_MINT)
    restored = run(_RESTORE)
    closed = run(_CLOSE_MEMBERS)
    opened = run(_OPEN_MEMBERS)
    retired = run(_RETIRE)
    ended = run(_END_REDIRECTS)
    begun = run(_BEGIN_REDIRECTS)
    run(_LOG)
    connection.execute("drop table proposed")
    return KindCounts(kind, minted, restored, retired, max(opened, closed), max(begun, ended))


def _versioned(kind: str) -> str:
    return f"int_{kind}_ids_versioned"


def _exists(connection: psycopg.Connection[Any], kind: str) -> bool:
    row = connection.execute("select to_regclass(%s)", (f"{SCHEMA}.{_versioned(kind)}",)).fetchone()
    return row is not None and row[0] is not None


def _refuse_stale(connection: psycopg.Connection[Any], publication_id: int) -> None:
    row = connection.execute("select to_regclass(%s)", (f"{SCHEMA}.int_id_baseline",)).fetchone()
    if row is None or row[0] is None:
        raise CercleError(
            "There is no proposal of ids to publish",
            where=f"{SCHEMA}.int_id_baseline",
            remedy="Build the intermediate layer first: cercle build",
        )
    row = connection.execute(
        """
        select
            baseline.build_id is not distinct from publications.build_id,
            baseline.publication_id is not distinct from (
                select max(earlier.publication_id)
                from ops.publications as earlier
                where earlier.publication_id < publications.publication_id
            )
        from ops.publications
        cross join intermediate.int_id_baseline as baseline
        where publications.publication_id = %s
        """,
        (publication_id,),
    ).fetchone()
    if row is None:
        raise CercleError(f"Publication {publication_id} has no row yet", where="ops.publications")
    is_for_this_build, is_from_this_state = row
    if not is_for_this_build or not is_from_this_state:
        raise CercleError(
            "The proposal of ids was made for another build"
            if not is_for_this_build
            else "Another publication came after the state that the proposal of ids was made from",
            where=f"{SCHEMA}.int_id_baseline",
            remedy="Build again: cercle build",
        )
