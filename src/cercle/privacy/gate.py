"""The export gate: decisions are taken when the file leaves, against a ledger that is fresh enough (rule R13)."""

from __future__ import annotations

import psycopg
from psycopg import sql

__all__ = ["DEFAULT_LAG_MINUTES", "blocked_exports"]

DEFAULT_LAG_MINUTES = 15


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
