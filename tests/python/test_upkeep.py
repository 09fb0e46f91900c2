"""Upkeep gives dead rows back and makes statistics anew where enough has changed, and nowhere else."""

from __future__ import annotations

import psycopg

from cercle import db
from cercle.settings import Settings
from cercle.upkeep import Upkeep, keep_up

# As the tables of intermediate are: autovacuum is kept away, so that nobody but upkeep looks after them.
TABLE = "create table intermediate.{name} (number integer, word text) with (autovacuum_enabled = false)"


def fill(connection: psycopg.Connection, name: str, row_count: int) -> None:
    connection.execute(TABLE.format(name=name).encode())
    connection.execute(
        f"insert into intermediate.{name} select n, 'word ' || n % 7 from generate_series(1, {row_count}) as n".encode()
    )


def flush(connection: psycopg.Connection) -> None:
    """Let the server's counters know of what this connection did."""
    connection.execute("select pg_stat_force_next_flush()")
    connection.execute("select 1")


def test_dead_rows_go_and_the_planner_knows_what_is_there(database: Settings) -> None:
    with db.connect(database, autocommit=True) as connection:
        fill(connection, "worn", 5000)
        fill(connection, "fresh", 5000)
        fill(connection, "small", 50)
        fill(connection, "kept", 5000)
        flush(connection)
        connection.execute("analyze intermediate.worn, intermediate.kept")
        connection.execute("delete from intermediate.worn where number % 2 = 0")
        connection.execute("delete from intermediate.kept where number <= 100")
        flush(connection)
        assert keep_up(database) == Upkeep(("intermediate.worn",), ("intermediate.fresh",))
        connection.execute("select pg_stat_clear_snapshot()")
        dead = connection.execute(
            "select relname, n_dead_tup from pg_stat_user_tables where relname in ('worn', 'kept') order by relname"
        ).fetchall()
        assert dead == [("kept", 100), ("worn", 0)], "a fiftieth is not worth the work"
        known = connection.execute(
            "select n_distinct from pg_stats where tablename = 'fresh' and attname = 'word'"
        ).fetchall()
        assert known == [(7,)]
        assert keep_up(database) == Upkeep((), ()), "nothing has changed since"
