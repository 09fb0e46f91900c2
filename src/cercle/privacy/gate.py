"""The export gate: decisions are taken when the file leaves, against a ledger that is fresh enough (rule R13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from cercle.privacy.ledger import first_break

__all__ = ["DEFAULT_LAG_MINUTES", "Block", "blocked_exports", "find_blocks", "ledger_watermark"]

DEFAULT_LAG_MINUTES = 15


@dataclass(frozen=True)
class Block:
    """Why nothing may leave: a code of docs/export.md, and a sentence without a personal value."""

    code: str
    sentence: str


def blocked_exports(connection: psycopg.Connection, exports: sql.Composable) -> set[str]:
    """Return the ledgers whose exports are blocked: a watermark older than the tolerance, or none.

    Args:
        connection: to the database.
        exports: a relation with ledger, export_at, ledger_watermark, max_lag_minutes.
    """
    rows = connection.execute(
        sql.SQL(
            """
            select ledger
            from {}
            where not coalesce(
                export_at - ledger_watermark
                <= make_interval(secs => 60 * coalesce(max_lag_minutes, {})::double precision),
                false
            )
            """
        ).format(exports, sql.Literal(DEFAULT_LAG_MINUTES))
    )
    return {ledger for (ledger,) in rows}


def ledger_watermark(connection: psycopg.Connection) -> datetime | None:
    """Return when the ledger last took in everything that was admitted; None when it never did."""
    row = connection.execute(
        """
        select max(build_steps.finished_at)
        from ops.build_steps
        where step = 'ledger' and state = 'done'
        """
    ).fetchone()
    return row[0] if row else None


def find_blocks(connection: psycopg.Connection, exported_at: datetime) -> list[Block]:
    """Return all that keeps files from leaving now; an empty list opens the gate.

    The caller holds the lock of builds, so that no build changes under it what decisions read.

    Args:
        connection: to the warehouse.
        exported_at: the moment of the export.
    """
    blocks = [
        Block(code, sentence.format(count=count))
        for code, sentence, query in _COUNTED
        if (count := _count(connection, query))
    ]
    blocks += _age_blocks(connection, exported_at)
    place = first_break(connection)
    if place is not None:
        blocks.append(Block("CHAIN_BROKEN", f"The hash chain of the ledger breaks at row {place}"))
    return blocks


# Code, sentence, and a query whose count is above 0 when the gate is to stay shut.
_COUNTED: tuple[tuple[str, str, LiteralString], ...] = (
    (
        "NOT_PUBLISHED",
        "The last build was not published: what decisions read may be half made",
        """
        select count(*)
        from (select 1) as once
        where not exists (
            select 1
            from ops.builds
            where state = 'published' and build_id = (select max(build_id) from ops.builds)
        )
        """,
    ),
    (
        "DELIVERIES_WAITING",
        "{count} deliveries of permissions wait for a check or a release",
        """
        select count(*)
        from ops.loads
        where entity in ('consent_events', 'campaign_events', 'notices') and state in ('loaded', 'quarantined')
        """,
    ),
    (
        "LOADS_NOT_APPENDED",
        "{count} admitted deliveries of permissions are not in the ledger yet",
        """
        select count(*)
        from ops.admitted_loads
        inner join ops.loads on admitted_loads.load_id = loads.load_id
        where (
            loads.entity in ('consent_events', 'campaign_events')
            and not exists (
                select 1
                from privacy.ledger_loads
                where ledger_loads.ledger = 'main' and ledger_loads.load_id = loads.load_id
            )
        ) or (
            loads.entity = 'notices'
            and not exists (
                select 1
                from ops.build_loads
                inner join ops.builds on build_loads.build_id = builds.build_id
                where builds.state = 'published' and build_loads.load_id = loads.load_id
            )
        )
        """,
    ),
    (
        # Who acted in them is known to the next build alone: a stop would not reach the person's other contact points.
        "BUILD_BEHIND_LEDGER",
        "{count} deliveries of the ledger are in no published build yet",
        """
        select count(*)
        from privacy.ledger_loads
        inner join ops.admitted_loads on ledger_loads.load_id = admitted_loads.load_id
        where ledger_loads.ledger = 'main'
            and not exists (
                select 1
                from ops.build_loads
                inner join ops.builds on build_loads.build_id = builds.build_id
                where builds.state = 'published'
                    and builds.build_id = (select max(build_id) from ops.builds where state = 'published')
                    and build_loads.load_id = ledger_loads.load_id
            )
        """,
    ),
)


def _age_blocks(connection: psycopg.Connection, exported_at: datetime) -> list[Block]:
    """The tolerance is a row of the house; without a row there is no tolerance."""
    row = connection.execute(
        """
        select min((conditions ->> 'hours')::double precision) * 60
        from privacy.policy_rules
        where jurisdiction = 'HOUSE' and basis = 'LEDGER_AGE' and valid_from <= %(at)s and %(at)s < valid_to
        """,
        {"at": exported_at},
    ).fetchone()
    minutes = row[0] if row and row[0] is not None else 0
    watermark = ledger_watermark(connection)
    asked = sql.SQL(
        "(select 'main' as ledger, {} as export_at, {} as ledger_watermark, {} as max_lag_minutes) as asked"
    ).format(
        sql.Literal(exported_at),
        sql.SQL("{}::timestamptz").format(sql.Literal(watermark)),
        sql.Literal(minutes),
    )
    if not blocked_exports(connection, asked):
        return []
    since = f"{watermark:%Y-%m-%d %H:%M} UTC" if watermark else "never"
    return [
        Block(
            "LEDGER_OLD",
            f"The ledger was last brought up to date {since}, and the house allows {minutes / 60:g} hours",
        )
    ]


def _count(connection: psycopg.Connection, query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
