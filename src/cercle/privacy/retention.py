"""Retention of what nobody needs for ever: refused rows, delivered files whose rows are admitted, records of runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

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
        record_count: times of models and steps, results of checks and what they compare with.
    """

    rejected_count: int
    file_count: int
    record_count: int


def apply_retention(settings: Settings, now: datetime) -> Retention:
    """Delete what is older than REJECTED_ROWS, LANDING_FILES and RUN_RECORDS of the house allow; no rule, no deletion.

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
        days = _days(connection, "RUN_RECORDS", now)
        record_count = 0 if days is None else _delete_records(connection, now, days)
        connection.commit()
        days = _days(connection, "LANDING_FILES", now)
        names = [] if days is None else _old_files(connection, now, days)
    paths = [inside(settings.landing_dir, name) for name in names]
    there = [path for path in paths if path is not None and path.is_file()]
    for path in there:
        path.unlink()
    return Retention(rejected_count, len(there), record_count)


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


def _delete_records(connection: psycopg.Connection, now: datetime, days: int) -> int:
    """Delete old records of runs; builds, publications and loads themselves stay: other records stand on them."""
    return sum(connection.execute(statement, {"now": now, "days": days}).rowcount for statement in _RECORDS)


# A check of a delivery that is still in quarantine says why it is there.
_RECORDS: tuple[LiteralString, ...] = (
    """
    delete from ops.build_models
    using ops.builds
    where build_models.build_id = builds.build_id
        and builds.started_at < %(now)s - make_interval(days => %(days)s)
    """,
    """
    delete from ops.build_steps
    using ops.builds
    where build_steps.build_id = builds.build_id
        and builds.started_at < %(now)s - make_interval(days => %(days)s)
    """,
    """
    delete from ops.quality_results
    where checked_at < %(now)s - make_interval(days => %(days)s)
        and not exists (
            select from ops.loads
            where loads.load_id = quality_results.load_id and loads.state = 'quarantined'
        )
    """,
    "delete from ops.quality_statistics where day < (%(now)s - make_interval(days => %(days)s))::date",
)


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
