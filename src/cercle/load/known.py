"""Rows that raw already has: counted, and remembered or taken over, depending on the load that holds them."""

from __future__ import annotations

from typing import Any

import psycopg

from cercle.load.planning import looking_up
from cercle.load.raw_tables import known_key
from cercle.load.rules import identifier, literal
from cercle.load.statements import Statements

__all__ = ["ADMISSIBLE", "ADMISSIBLE_STATES", "move_rows", "note_known_rows"]

ADMISSIBLE_STATES = ("loaded", "checked", "released")
ADMISSIBLE = f"({', '.join(repr(state) for state in ADMISSIBLE_STATES)})"


def note_known_rows(
    connection: psycopg.Connection, statements: Statements, source: str, load_id: int, has_suppressed: bool
) -> tuple[int, int, dict[str, str]]:
    """Find the rows of a load that were not inserted, and what becomes of them.

    A repetition within the file is just counted. A row that a quarantined or withdrawn load holds passes to this one.
    A row of a load that is not published yet is noted, so that it can pass to this one later.

    Args:
        connection: in the load's transaction, after the insert.
        statements: of the file.
        source: source instance.
        load_id: of this load.
        has_suppressed: some rows are kept out by a tombstone.

    Returns:
        Rows known, rows taken over, and the sums of the known ones (as they are after the taking over).
    """
    entity = statements.entity
    amounts = "".join(f", ready.{identifier(column.name)}" for column in statements.money)
    same = [name for name in known_key(entity) if name not in ("_source", "_load_id")]
    match = " and ".join(f"held.{identifier(name)} = ready.{identifier(name)}" for name in same)
    with looking_up(connection):
        connection.execute(
            f"""
            create temporary table cercle_known on commit drop as
            select
                ready._line,
                held._row_id,
                held._load_id as holder_id,
                held._line as holder_line,
                row_number() over (partition by held._row_id order by ready._line) as place{amounts}
            from ({statements.hashed(has_suppressed)}) as ready
            cross join lateral (
                select held._row_id, held._load_id, held._line
                from {statements.raw_table} as held
                where held._source = {literal(source)} and {match}
                offset 0
            ) as held
            """
        )
    # Of a repeated row one was stored.
    connection.execute(
        "delete from pg_temp.cercle_known where holder_id = %s and holder_line = _line", (load_id,)
    )
    parameters: dict[str, Any] = {"load_id": load_id, "relation": entity.raw_relation}
    connection.execute(
        """
        insert into ops.row_sightings (raw_relation, row_id, load_id, line)
        select %(relation)s, known._row_id, %(load_id)s, known._line
        from pg_temp.cercle_known as known
        where known.place = 1
            and known.holder_id <> %(load_id)s
            and not exists (
                select
                from ops.build_loads
                inner join ops.publications on build_loads.build_id = publications.build_id
                where build_loads.load_id = known.holder_id
            )
        on conflict do nothing
        """,
        parameters,
    )
    connection.execute(
        f"""
        create temporary table cercle_moves on commit drop as
        select
            known._row_id as row_id,
            known.holder_id as from_load_id,
            %(load_id)s::bigint as to_load_id,
            known._line as line
        from pg_temp.cercle_known as known
        inner join ops.loads on known.holder_id = loads.load_id
        where known.place = 1 and loads.state not in {ADMISSIBLE}
        """,
        parameters,
    )
    known_row = connection.execute(
        f"select count(*), {statements.sums()} from pg_temp.cercle_known"
    ).fetchone()
    assert known_row is not None
    taken = connection.execute("select count(*) from pg_temp.cercle_moves").fetchone()
    assert taken is not None
    connection.execute("drop table pg_temp.cercle_known")
    return known_row[0], taken[0], known_row[1]


def move_rows(connection: psycopg.Connection, relation: str, money_columns: list[str]) -> int:
    """Pass the rows in pg_temp.cercle_moves from one load to another, counts and sums with them; drop that table.

    A load's stored_count stays the number of rows that raw holds for it: what it gives away becomes known to it.

    Args:
        connection: in a transaction.
        relation: raw table with its schema.
        money_columns: whose sums move along.

    Returns:
        How many rows moved.
    """
    count = connection.execute("select count(*) from pg_temp.cercle_moves").fetchone()
    if count is None or count[0] == 0:
        connection.execute("drop table pg_temp.cercle_moves")
        return 0
    schema, _, name = relation.partition(".")
    table = identifier(schema, name)
    connection.execute(
        """
        insert into ops.row_sightings (raw_relation, row_id, load_id, line)
        select %(relation)s, moves.row_id, moves.from_load_id, rows._line
        from pg_temp.cercle_moves as moves
        inner join {table} as rows on moves.row_id = rows._row_id
        on conflict do nothing
        """.replace("{table}", table),
        {"relation": relation},
    )
    moved = connection.execute(
        f"""
        update {table} as rows
        set _load_id = moves.to_load_id, _line = moves.line
        from pg_temp.cercle_moves as moves
        where rows._row_id = moves.row_id and rows._load_id = moves.from_load_id
        """
    ).rowcount
    connection.execute(
        """
        delete from ops.row_sightings as sightings
        using pg_temp.cercle_moves as moves
        where sightings.raw_relation = %s
            and sightings.row_id = moves.row_id
            and sightings.load_id = moves.to_load_id
        """,
        (relation,),
    )
    pairs = ", ".join(f"'{column}', coalesce(sum(rows.{identifier(column)}), 0)" for column in money_columns)
    for side, sign in (("from_load_id", -1), ("to_load_id", 1)):
        connection.execute(
            f"""
            with moved as (
                select moves.{side} as load_id, count(*) as row_count, jsonb_build_object({pairs}) as sums
                from pg_temp.cercle_moves as moves
                inner join {table} as rows on moves.row_id = rows._row_id
                group by moves.{side}
            ),

            amounts as (
                select
                    moved.load_id,
                    entry.key as amount,
                    entry.value as parts,
                    coalesce((moved.sums ->> entry.key)::numeric, 0) * %(sign)s as moved_sum
                from moved
                inner join ops.loads on moved.load_id = loads.load_id
                cross join lateral jsonb_each(loads.sums) as entry
            ),

            sums as (
                select
                    load_id,
                    jsonb_object_agg(
                        amount,
                        parts || jsonb_build_object(
                            'stored', trim_scale((parts ->> 'stored')::numeric + moved_sum)::text,
                            'known', trim_scale((parts ->> 'known')::numeric - moved_sum)::text
                        )
                    ) as sums
                from amounts
                group by load_id
            )

            update ops.loads
            set
                stored_count = loads.stored_count + %(sign)s * moved.row_count,
                known_count = loads.known_count - %(sign)s * moved.row_count,
                sums = coalesce(sums.sums, loads.sums)
            from moved
            left join sums on moved.load_id = sums.load_id
            where loads.load_id = moved.load_id
            """,
            {"sign": sign},
        )
    connection.execute("drop table pg_temp.cercle_moves")
    return moved
