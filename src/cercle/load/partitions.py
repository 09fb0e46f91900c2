"""Partitions: where rows have no key, a new file replaces the rows of its partitions."""

from __future__ import annotations

import psycopg

from cercle.contracts import Entity
from cercle.load.known import ADMISSIBLE
from cercle.load.rules import identifier

__all__ = ["replace_partitions", "settle_partitions"]


def replace_partitions(connection: psycopg.Connection, entity: Entity, source: str, load_id: int) -> int:
    """Mark the rows of earlier loads whose partition this load brought anew; they stay in raw.

    Staging leaves them out as soon as this load is admitted (macro is_not_replaced), and they are back when it is
    withdrawn.

    Returns:
        How many rows were replaced by this load.
    """
    if not entity.partition_columns:
        return 0
    settle_partitions(connection, entity, source, load_id)
    row = connection.execute(
        f"select count(*) from {identifier('raw', entity.relation)} where _replaced_by_load_id = %s",
        (load_id,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def settle_partitions(connection: psycopg.Connection, entity: Entity, source: str, load_id: int) -> None:
    """Tell anew, for the partitions that a load holds, by which later load each row is replaced.

    A row is replaced by the next later load of its partition that is neither quarantined nor withdrawn.
    """
    table = identifier("raw", entity.relation)
    names = [identifier(name) for name in entity.partition_columns]
    columns = ", ".join(names)
    same = " and ".join(f"held.{name} = touched.{name}" for name in names)
    later = " and ".join(f"partitions.{name} = touched.{name}" for name in names)
    connection.execute(
        f"""
        with touched as (
            select distinct {columns}
            from {table}
            where _source = %(source)s and _load_id = %(load_id)s
        ),

        partitions as (
            select distinct held._load_id, {", ".join(f"held.{name}" for name in names)}
            from {table} as held
            inner join touched on {same}
            where held._source = %(source)s
        ),

        settled as (
            select held._row_id, min(loads.load_id) as replaced_by_load_id
            from {table} as held
            inner join touched on {same}
            left join partitions on {later} and partitions._load_id > held._load_id
            left join ops.loads on partitions._load_id = loads.load_id and loads.state in {ADMISSIBLE}
            where held._source = %(source)s
            group by held._row_id
        )

        update {table} as rows
        set _replaced_by_load_id = settled.replaced_by_load_id
        from settled
        where rows._row_id = settled._row_id
            and rows._replaced_by_load_id is distinct from settled.replaced_by_load_id
        """,
        {"source": source, "load_id": load_id},
    )
