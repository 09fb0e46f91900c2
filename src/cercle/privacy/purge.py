"""Upkeep after erasures: touched tables are rewritten, so that no dead copy stays; the archive's terms are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle import db
from cercle.build_lock import build_lock
from cercle.settings import Settings

__all__ = ["Purge", "Rewrite", "purge"]


@dataclass(frozen=True)
class Rewrite:
    """A table that was rewritten.

    Attributes:
        last_erasure_id: the rewrite covers this erasure and all before it.
    """

    relation: str
    last_erasure_id: int
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True)
class Purge:
    """What an upkeep did.

    Attributes:
        expired_count: accounting rows of erased persons whose legal term has run out, deleted.
    """

    rewrites: Sequence[Rewrite]
    expired_count: int


def purge(settings: Settings) -> Purge:
    """Rewrite (VACUUM FULL) each table that an erasure touched since its last rewriting, and write the proof.

    Each table by itself, so what was done stays done when the run is ended. Emptied tables have new files already.
    A checkpoint follows: without it old pages could come back from the log after a crash.

    Args:
        settings: where the database is; the role must own the tables.
    """
    done: list[Rewrite] = []
    with build_lock(settings), db.connect(settings, autocommit=True) as connection:
        expired_count = connection.execute(
            "delete from archive.accounting_rows where keep_until < current_date"
        ).rowcount
        for relation, erasure_id in _waiting(connection):
            schema, _, name = relation.partition(".")
            table = sql.Identifier(schema, name)
            before = _size(connection, relation)
            connection.execute(sql.SQL("vacuum (full, analyze) {}").format(table))
            rewrite = Rewrite(relation, erasure_id, before, _size(connection, relation))
            connection.execute(
                "insert into privacy.rewrites (relation, last_erasure_id, bytes_before, bytes_after) "
                "values (%s, %s, %s, %s)",
                (rewrite.relation, rewrite.last_erasure_id, rewrite.bytes_before, rewrite.bytes_after),
            )
            done.append(rewrite)
        # Statistics that quoted values of erased rows leave dead copies in the catalogue too.
        if done and _may_rewrite_catalogue(connection):
            connection.execute("vacuum (full) pg_catalog.pg_statistic")
        if done and _may_checkpoint(connection):
            connection.execute("checkpoint")
    return Purge(done, expired_count)


def _waiting(connection: psycopg.Connection) -> list[tuple[str, int]]:
    return connection.execute(
        """
        select touched.relation, max(touched.erasure_id)
        from privacy.erasure_relations as touched
        where touched.action in ('deleted', 'cleared')
            and to_regclass(touched.relation) is not null
            and touched.erasure_id > coalesce(
                (
                    select max(rewrites.last_erasure_id)
                    from privacy.rewrites
                    where rewrites.relation = touched.relation
                ),
                0
            )
        group by touched.relation
        order by touched.relation
        """
    ).fetchall()


def _size(connection: psycopg.Connection, relation: str) -> int:
    row = connection.execute("select pg_total_relation_size(%s::regclass)", (relation,)).fetchone()
    return int(row[0]) if row else 0


def _may_rewrite_catalogue(connection: psycopg.Connection) -> bool:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return bool(row and row[0])


def _may_checkpoint(connection: psycopg.Connection) -> bool:
    row = connection.execute("select pg_has_role(current_user, 'pg_checkpoint', 'usage')").fetchone()
    return bool(row and row[0])
