"""Aggregates that leave: counts of persons who may be contacted, without the cells that are too small to hide one."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.privacy.export_file import ExportFile
from cercle.privacy.rendering import render

__all__ = ["write_aggregate"]

_SEPARATOR = " / "


def write_aggregate(
    connection: psycopg.Connection, file: ExportFile, columns: list[str], exported_at: datetime
) -> str:
    """Write the counts of allowed persons of pg_temp.export_decided by columns of customer_360, and their total.

    A suppressed cell keeps its name and has no count. The total is published, so that where one cell alone is
    suppressed the smallest other one goes too.

    Args:
        connection: inside the export's transaction.
        file: what to write.
        columns: names of columns of customer_360, known to be harmless.
        exported_at: the moment of the export.

    Returns:
        The file's SHA-256.

    Raises:
        CercleError: the house has no rule SMALL_CELLS, and without one nothing is small enough to be shown.
    """
    row = connection.execute(
        """
        select max((conditions ->> 'k')::integer)
        from privacy.policy_rules
        where jurisdiction = 'HOUSE' and basis = 'SMALL_CELLS' and valid_from <= %(at)s and %(at)s < valid_to
        """,
        {"at": exported_at},
    ).fetchone()
    if row is None or row[0] is None:
        raise CercleError(
            "The house has no rule for small cells", where="privacy.policy_rules HOUSE SMALL_CELLS"
        )
    values = sql.SQL(", ").join(
        sql.SQL("coalesce(customers.{}::text, '(unknown)')").format(sql.Identifier(name)) for name in columns
    )
    connection.execute(
        sql.SQL(
            """
            create temporary table export_cells on commit drop as
            select
                1 as table_id,
                concat_ws({separator}, {values}) as cell_name,
                count(distinct decided.customer_id) as cell_count,
                true as is_total_published,
                {k} as k
            from pg_temp.export_decided as decided
            inner join marts.customer_360 as customers on decided.customer_id = customers.customer_id
            where decided.decision = 'ALLOW'
            group by 2
            """
        ).format(separator=sql.Literal(_SEPARATOR), values=values, k=sql.Literal(row[0]))
    )
    suppressed = render("suppress_small_cells", "pg_temp.export_cells")
    rows = connection.execute(
        f"""
        with suppressed as ({suppressed})

        select
            cells.cell_name,
            case when suppressed.cell_name is null then cells.cell_count end,
            suppressed.cell_name is not null
        from pg_temp.export_cells as cells
        left join suppressed on cells.cell_name = suppressed.cell_name
        order by cells.cell_name
        """.encode()
    ).fetchall()
    total = connection.execute(
        "select count(distinct customer_id) from pg_temp.export_decided where decision = 'ALLOW'"
    ).fetchone()
    count = total[0] if total else 0
    is_small = 0 < count < row[0]
    return file.write(
        [_SEPARATOR.join(columns), "person_count", "is_suppressed"],
        [*rows, ("(total)", None if is_small else count, is_small)],
    )
