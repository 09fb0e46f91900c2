"""Retention of what nobody needs for ever: rows that were refused, and delivered files whose rows are admitted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from cercle import db
from cercle.privacy.erasure_files import inside
from cercle.settings import Settings

__all__ = ["Retention", "apply_retention"]


@dataclass(frozen=True)
class Retention:
    """What was deleted; counts alone.

    Attributes:
        rejected_count: rows of ops.rejected_rows; the counts of their loads stay.
        file_count: files of the landing folder.
    """

    rejected_count: int
    file_count: int


def apply_retention(settings: Settings, now: datetime) -> Retention:
    """Delete what is older than the rules REJECTED_ROWS and LANDING_FILES of the house allow; no rule, no deletion.

    A file whose rows are not admitted (quarantined, say) stays: it may have to be loaded again.

    Args:
        settings: the database and the landing folder.
        now: the moment that ages are counted to.
    """
    with db.connect(settings) as connection:
        rejected_count = 0
        days = _days(connection, "REJECTED_ROWS", now)
        if days is not None:
            rejected_count = connection.execute(
                """
                delete from ops.rejected_rows
                using ops.loads
                where rejected_rows.load_id = loads.load_id and loads.loaded_at < %s - make_interval(days => %s)
                """,
                (now, days),
            ).rowcount
        connection.commit()
        days = _days(connection, "LANDING_FILES", now)
        names = [] if days is None else _old_files(connection, now, days)
    paths = [inside(settings.landing_dir, name) for name in names]
    there = [path for path in paths if path is not None and path.is_file()]
    for path in there:
        path.unlink()
    return Retention(rejected_count, len(there))


def _days(connection: psycopg.Connection, basis: str, now: datetime) -> int | None:
    row = connection.execute(
        """
        select (conditions ->> 'days')::integer
        from privacy.policy_rules
        where jurisdiction = 'HOUSE' and basis = %(basis)s and valid_from <= %(now)s and %(now)s < valid_to
        """,
        {"basis": basis, "now": now},
    ).fetchone()
    return None if row is None else row[0]


def _old_files(connection: psycopg.Connection, now: datetime, days: int) -> list[str]:
    rows = connection.execute(
        """
        select landing_files.path
        from ops.landing_files
        inner join ops.loads on landing_files.load_id = loads.load_id
        where loads.state in ('checked', 'released') and loads.loaded_at < %s - make_interval(days => %s)
        """,
        (now, days),
    ).fetchall()
    return [name for (name,) in rows]
