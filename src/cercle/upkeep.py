"""Nightly upkeep of the database: dead rows are given back and statistics made anew, where enough has changed.

Autovacuum does the same by its own clock, but not on the tables of intermediate: it is kept away from them, since it
would work on what a build is about to replace. A table that stays for months is nobody's then.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle import db
from cercle.build_lock import build_lock
from cercle.privacy.roles import SCHEMAS
from cercle.settings import Settings

__all__ = ["Upkeep", "keep_up"]

# As autovacuum's own: so many rows, and this share of the table.
_FEWEST_ROWS = 1000
_LEAST_SHARE = 0.1


@dataclass(frozen=True)
class Upkeep:
    """What an upkeep did; counts alone.

    Attributes:
        vacuumed: tables whose dead rows were given back, their statistics made anew.
        analyzed: tables whose statistics alone were made anew.
    """

    vacuumed: tuple[str, ...]
    analyzed: tuple[str, ...]


def keep_up(settings: Settings) -> Upkeep:
    """Vacuum and analyze the tables of cercle's schemas that have changed enough; readers and writers go on.

    It takes the place of a build: what a build is making is not worth the work.

    Args:
        settings: where the database is; tables of other owners are left to them.
    """
    done: dict[bool, list[str]] = {True: [], False: []}
    with build_lock(settings), db.connect(settings, autocommit=True) as connection:
        for schema, relation, has_dead_rows in _waiting(connection):
            work = sql.SQL(
                "vacuum (analyze, skip_locked) {}" if has_dead_rows else "analyze (skip_locked) {}"
            )
            connection.execute(work.format(sql.Identifier(schema, relation)))
            done[has_dead_rows].append(f"{schema}.{relation}")
    return Upkeep(tuple(done[True]), tuple(done[False]))


def _waiting(connection: psycopg.Connection) -> list[tuple[str, str, bool]]:
    """Return schema and name of the tables that need work, and whether they hold dead rows."""
    return connection.execute(
        """
        with

        tables as (
            select
                statistics.schemaname,
                statistics.relname,
                statistics.n_dead_tup > greatest(%(rows)s, %(share)s * statistics.n_live_tup) as has_dead_rows,
                statistics.n_mod_since_analyze > greatest(%(rows)s, %(share)s * statistics.n_live_tup) as is_unknown
            from pg_stat_user_tables as statistics
            inner join pg_class on statistics.relid = pg_class.oid
            where statistics.schemaname = any(%(schemas)s) and pg_has_role(pg_class.relowner, 'usage')
        )

        select schemaname, relname, has_dead_rows
        from tables
        where has_dead_rows or is_unknown
        order by schemaname, relname
        """,
        {"rows": _FEWEST_ROWS, "share": _LEAST_SHARE, "schemas": list(SCHEMAS)},
    ).fetchall()
