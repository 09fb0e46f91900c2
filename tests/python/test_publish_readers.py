"""A reader that polls while marts are published, well or badly, sees whole publications alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from cercle import db, flow
from cercle.errors import CercleError
from cercle.publish import ForeignKey
from cercle.settings import Settings
from mini_project import a_mart, built, no_identity, published

ROWS = 20_000
PARENTS = a_mart("a_parents", [("id", "int"), ("version", "int")])
CHILDREN = a_mart(
    "z_children",
    [("id", "int"), ("parent_id", "int"), ("version", "int")],
    foreign_keys=(ForeignKey(("parent_id",), "a_parents", ("id",)),),
)


def contents(version: int, count: int = ROWS, orphan: int | None = None) -> dict:
    """Every row carries the version; odd versions have other rows than even ones."""
    first, parent = version % 2, "n" if orphan is None else orphan
    return {
        PARENTS: f"select n, {version} from generate_series({first}, {count}) as n",
        CHILDREN: f"select n, {parent}, {version} from generate_series({first}, {count}) as n",
    }


@dataclass
class Sightings:
    """What the readers saw: versions in order of sight, and how often they looked."""

    versions: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    polls: int = 0


def whole(rows: list[tuple]) -> str | None:
    """Return what is wrong with (relation, version, count) rows that should be one publication."""
    versions = {version for _, version, _ in rows}
    if len(versions) != 1:
        return f"versions {sorted(versions)} side by side"
    expected = ROWS + 1 - versions.pop() % 2
    counts = {relation: count for relation, _, count in rows}
    return None if counts == {"a": expected, "z": expected} else f"counts {counts} instead of {expected}"


def poll_in_one_statement(connection: psycopg.Connection) -> list[tuple]:
    """READ COMMITTED: each statement sees one publication."""
    return connection.execute(
        """
        select 'a', version, count(*) from marts.a_parents group by version
        union all
        select 'z', version, count(*) from marts.z_children group by version
        """
    ).fetchall()


def poll_in_one_transaction(connection: psycopg.Connection) -> list[tuple]:
    """REPEATABLE READ: two statements, some time apart, see one publication."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        rows = connection.execute(
            "select 'a', version, count(*) from marts.a_parents group by version"
        ).fetchall()
        time.sleep(0.05)
        return (
            rows
            + connection.execute(
                "select 'z', version, count(*) from marts.z_children group by version"
            ).fetchall()
        )


@contextmanager
def readers(settings: Settings) -> Iterator[Sightings]:
    """Poll in both ways until the block has ended, and once more."""
    seen, is_over = Sightings(), threading.Event()

    def read(poll: object) -> None:
        with db.connect(settings, autocommit=True, application_name="reader") as connection:
            is_last = False
            while not is_last:
                is_last = is_over.is_set()
                rows = poll(connection)
                fault = whole(rows)
                if fault:
                    seen.faults.append(f"{poll.__name__}: {fault}")
                seen.versions.update(version for _, version, _ in rows)
                seen.polls += 1

    threads = [
        threading.Thread(target=read, args=(poll,))
        for poll in (poll_in_one_statement, poll_in_one_transaction, poll_in_one_transaction)
    ]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_readers_see_one_publication_or_the_next(database: Settings) -> None:
    published(database, contents(1))
    with readers(database) as seen:
        for version in (2, 3, 4):
            published(database, contents(version))
    assert seen.faults == []
    assert {1, 4} <= seen.versions <= {1, 2, 3, 4}
    assert seen.polls > 20


def test_readers_see_nothing_of_a_publication_that_fails_at_its_end(database: Settings) -> None:
    published(database, contents(1))
    build_id = built(database, contents(2, orphan=ROWS * 9))
    with readers(database) as seen, pytest.raises(CercleError, match="refer to rows that do not exist"):
        flow.publish(database, build_id, apply_identity=no_identity)
    assert seen.faults == []
    assert seen.versions == {1}


def test_a_reader_in_one_snapshot_keeps_its_publication_while_two_more_come(database: Settings) -> None:
    published(database, contents(1, 50))
    with db.connect(database) as reader:
        reader.execute("set transaction isolation level repeatable read")
        assert reader.execute("select distinct version from marts.a_parents").fetchall() == [(1,)]
        published(database, contents(2, 50))
        published(database, contents(3, 50))
        assert reader.execute("select version, count(*) from marts.z_children group by 1").fetchall() == [
            (1, 50)
        ]
        assert reader.execute("select count(*) from ops.publications").fetchone() == (1,)
        reader.rollback()
        assert reader.execute("select distinct version from marts.z_children").fetchall() == [(3,)]
