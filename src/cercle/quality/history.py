"""How far a statistic is from what is usual on its day of the week, by its own history in ops.quality_statistics.

    weekday_ratio__<statistic>     the statistic over its median on the same day of the week
    weekday_change__<statistic>    the statistic less that median

The median is that of the last twelve such days before this one. With fewer than four there is none, and a rule on it
holds. The history begins when a suite first asks, and has what was let in alone: a quarantined delivery, or marts
that were held back, are not what is usual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from cercle.quality.suites import Suite

__all__ = ["compared_statistics", "needed_statistics", "remember", "with_usual"]

_KINDS = {
    "weekday_ratio": "{now} / nullif({usual}, 0)",
    "weekday_change": "{now} - {usual}",
}


def compared_statistics(columns: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the columns that compare a statistic with its history: column -> kind, statistic.

    >>> compared_statistics(["read_count", "weekday_ratio__read_count"])
    {'weekday_ratio__read_count': ('weekday_ratio', 'read_count')}
    """
    parts = {column: column.partition("__") for column in columns}
    return {
        column: (kind, statistic)
        for column, (kind, _, statistic) in parts.items()
        if kind in _KINDS and statistic
    }


def needed_statistics(suite: Suite) -> set[str]:
    """Return the columns that a suite speaks of, with what it compares in place of a comparison."""
    columns = suite.columns()
    compared = compared_statistics(columns)
    return (columns - set(compared)) | {statistic for _, statistic in compared.values()}


def with_usual(
    connection: psycopg.Connection,
    suite: Suite,
    query: sql.Composed,
    subject: sql.Composable,
    day: sql.Composable,
) -> sql.Composed:
    """Return a suite's query with the comparisons that its expectations ask for.

    Args:
        connection: to ask which columns the query has.
        suite: the suite.
        query: one row of statistics per whatever the suite counts, with a column `_key`.
        subject: what a row's history belongs to, over the row `statistics`: a source and entity, a mart.
        day: of the row, over `statistics`.

    Returns:
        The query itself where the suite asks for none; a comparison of a column that the query does not have is left
        out, and its expectation comes back as broken.
    """
    asked = compared_statistics(suite.columns())
    if not asked:
        return query
    there = _columns(connection, query)
    compared = {column: parts for column, parts in asked.items() if parts[1] in there}
    statistics = sorted({statistic for _, statistic in compared.values()})
    return sql.SQL(
        """
        select statistics.*, {subject} as _subject, {day} as _day {comparisons}
        from ({query}) as statistics
        {medians}
        """
    ).format(
        subject=subject,
        day=day,
        comparisons=sql.SQL("").join(
            _comparison(column, *parts) for column, parts in sorted(compared.items())
        ),
        query=query,
        medians=sql.SQL("").join(_median(suite, statistic, subject, day) for statistic in statistics),
    )


def remember(connection: psycopg.Connection, suite: Suite, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep the statistics of rows that were let in, one value a day: the last one.

    Args:
        connection: in the caller's transaction.
        suite: the suite that judged them.
        rows: of its table, as `with_usual` made it.
    """
    statistics = sorted({statistic for _, statistic in compared_statistics(suite.columns()).values()})
    values = [
        (suite.name, statistic, row["_subject"], row["_day"], row[statistic])
        for row in rows
        for statistic in statistics
        if row.get(statistic) is not None
    ]
    connection.cursor().executemany(
        """
        insert into ops.quality_statistics (suite, statistic, subject, day, value)
        values (%s, %s, %s, %s, %s)
        on conflict (suite, statistic, subject, day) do update set value = excluded.value
        """,
        values,
    )


def _columns(connection: psycopg.Connection, query: sql.Composed) -> set[str]:
    """Return the columns of a query; none of one that does not run, which says so where it runs."""
    try:
        found = connection.execute(sql.SQL("select * from ({}) as statistics limit 0").format(query))
    except psycopg.Error:
        return set()
    return {column.name for column in found.description or ()}


def _comparison(column: str, kind: str, statistic: str) -> sql.Composed:
    formula = sql.SQL(_KINDS[kind]).format(
        now=sql.Identifier("statistics", statistic), usual=sql.Identifier(f"usual_{statistic}", "value")
    )
    return sql.SQL(", {} as {}").format(formula, sql.Identifier(column))


def _median(suite: Suite, statistic: str, subject: sql.Composable, day: sql.Composable) -> sql.Composed:
    return sql.SQL(
        """
        left join lateral (
            select
                case when count(*) >= 4
                    then percentile_cont(0.5) within group (order by earlier.value)
                end::numeric as value
            from (
                select before.value
                from ops.quality_statistics as before
                where before.suite = {suite}
                    and before.statistic = {statistic}
                    and before.subject = {subject}
                    and before.day < {day}
                    and extract(isodow from before.day) = extract(isodow from {day})
                order by before.day desc
                limit 12
            ) as earlier
        ) as {alias} on true
        """
    ).format(
        suite=sql.Literal(suite.name),
        statistic=sql.Literal(statistic),
        subject=subject,
        day=day,
        alias=sql.Identifier(f"usual_{statistic}"),
    )
