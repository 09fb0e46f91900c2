"""Statistics of deliveries: what raw suites speak of, computed in one pass over a relation for all new loads.

Of every load: the counts of `ops.loads` and what follows from them (see `LOAD_STATISTICS`). On request of a
suite, of the rows that the load brought, by name:

    null_share__<column>            share of rows without a value
    distinct_share__<column>        distinct values per row with a value
    share__<column>__<value>        share of rows with this value, of those with one
    future_share__<column>          share of rows dated more than a day after the file was loaded
    min__, max__, sum__, mean__<column>
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from psycopg import sql

__all__ = ["LOAD_STATISTICS", "load_query", "parse_statistic", "relation_query"]

# rejected_share is null for a file without rows; volume_ratio compares with the median of up to twenty
# earlier deliveries of the same source and entity that were let in, and is null with fewer than five.
LOAD_STATISTICS: Mapping[str, str] = {
    "read_count": "loads.read_count",
    "stored_count": "loads.stored_count",
    "known_count": "loads.known_count",
    "rejected_count": "loads.rejected_count",
    "suppressed_count": "loads.suppressed_count",
    "extra_column_count": "cardinality(loads.extra_columns)",
    "rejected_share": "loads.rejected_count::numeric / nullif(loads.read_count, 0)",
    "volume_ratio": "loads.read_count::numeric / nullif(volume.usual_count, 0)",
}

_KINDS = {
    "null_share": "avg(({column} is null)::integer)",
    "distinct_share": "count(distinct {column})::numeric / nullif(count({column}), 0)",
    "future_share": "avg(({column} > loads.loaded_at + interval '1 day')::integer)",
    "min": "min({column})",
    "max": "max({column})",
    "sum": "sum({column})",
    "mean": "avg({column})",
}


def parse_statistic(name: str) -> tuple[str, str, str | None] | None:
    """Split the name of a statistic into kind, column and value; None when it is none of ours.

    >>> parse_statistic("share__status__cancelled")
    ('share', 'status', 'cancelled')
    """
    kind, _, rest = name.partition("__")
    if kind == "share":
        column, separator, value = rest.partition("__")
        return (kind, column, value) if column and separator and value else None
    return (kind, rest, None) if kind in _KINDS and rest else None


def load_query(load_ids: Iterable[int]) -> sql.Composed:
    """Return a query with one row per load: `_key`, `load_id`, `source`, `entity`, `loaded_at`, LOAD_STATISTICS."""
    return sql.SQL(
        """
        select
            loads.load_id::text as _key,
            loads.load_id,
            loads.source,
            loads.plugin,
            loads.entity,
            loads.loaded_at,
            {statistics}
        from ops.loads
        left join lateral (
            select
                case when count(*) >= 5
                    then percentile_cont(0.5) within group (order by earlier.read_count)
                end::numeric as usual_count
            from (
                select before.read_count
                from ops.loads as before
                where before.source = loads.source
                    and before.entity = loads.entity
                    and before.state in ('checked', 'released')
                    and before.load_id < loads.load_id
                order by before.load_id desc
                limit 20
            ) as earlier
        ) as volume on true
        where loads.load_id = any({load_ids})
        """
    ).format(
        statistics=sql.SQL(", ").join(
            sql.SQL("{} as {}").format(sql.SQL(formula), sql.Identifier(name))
            for name, formula in LOAD_STATISTICS.items()
        ),
        load_ids=sql.Literal(sorted(load_ids)),
    )


def relation_query(
    relation: str, load_ids: Iterable[int], asked: Iterable[str], columns: Iterable[str]
) -> sql.Composed:
    """Return a query with one row per load of a raw relation: as `load_query`, and the asked statistics.

    Args:
        relation: name of the table in the schema raw.
        load_ids: the loads; one that brought no new row has nulls for the asked statistics.
        asked: names of statistics; a name that is none, or of a column that is none, is left out, and the
            expectation on it then comes back as broken.
        columns: the relation's columns.
    """
    there = set(columns)
    formulas = []
    for name in sorted(set(asked) - set(LOAD_STATISTICS)):
        parsed = parse_statistic(name)
        if parsed is not None and parsed[1] in there:
            formulas.append(sql.SQL("{} as {}").format(_formula(*parsed), sql.Identifier(name)))
    loads = sorted(load_ids)
    if not formulas:
        return load_query(loads)
    return sql.SQL(
        """
        with

        loads as ({loads}),

        rows_by_load as (
            select brought._load_id as load_id, {formulas}
            from raw.{relation} as brought
            inner join ops.loads on brought._load_id = loads.load_id
            where brought._load_id = any({load_ids})
            group by brought._load_id
        )

        select loads.*, {names}
        from loads
        left join rows_by_load on loads.load_id = rows_by_load.load_id
        """
    ).format(
        loads=load_query(loads),
        formulas=sql.SQL(", ").join(formulas),
        relation=sql.Identifier(relation),
        load_ids=sql.Literal(loads),
        names=sql.SQL(", ").join(
            sql.SQL("rows_by_load.{}").format(sql.Identifier(name))
            for name in sorted(set(asked) - set(LOAD_STATISTICS))
            if (parsed := parse_statistic(name)) is not None and parsed[1] in there
        ),
    )


def _formula(kind: str, column: str, value: str | None) -> sql.Composable:
    identifier = sql.Identifier("brought", column)
    if kind == "share":
        return sql.SQL("avg(({column}::text = {value})::integer)").format(
            column=identifier, value=sql.Literal(value)
        )
    return sql.SQL(_KINDS[kind]).format(column=identifier)
