"""Measures connected components of a standing graph in PostgreSQL: whole, and by increments; medians as JSON.

    make bench-identity-graph                                    10,000,000 edges, a chain of 1,000,000
    make bench-identity-graph ARGS='--edges 1000000 --chain 100000'

Whole runs are set beside their floor, measured in turns with them: the same edges copied out, scipy on numbers that
need no numbering, as many rows copied in. The graph is of people with some records and identifiers each, all in
shuffled order. Of new edges nine in ten bring a new record, with an identifier that is there or a new one by turns;
one in ten joins a record and an identifier of two people. After each kind of increment all components are compared
with those of a whole run. It works in a database of its own on the server of CERCLE_HOME or CERCLE_DSN, dropped
at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
from bench_database import bench_database
from psycopg import sql
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cercle import db
from cercle.identity.graph import Graph
from cercle.identity.graph_copy import copy_in, copy_out
from cercle.identity.graph_library import find_components

Numbers = npt.NDArray[np.int64]

GRAPH = Graph(("bench", "edges"), ("bench", "members"))
EDGES = sql.SQL("bench.edges (left_key, right_key)")
ALL_EDGES = sql.SQL("select left_key, right_key from bench.edges")
# A person has one to four identifiers, as many records as join them, and some more.
IDENTIFIER_SHARES = (0.3, 0.35, 0.2, 0.15)
MORE_RECORDS = 2.6
EDGES_PER_PERSON = 8.88
JOINING_SHARE = 0.1


@dataclass(frozen=True)
class Batch:
    """A kind of increment, and its bar in seconds where it is measured on 10,000,000 edges."""

    name: str
    added: int
    withdrawn: int
    bar: float


BATCHES = (
    Batch("nothing new", 0, 0, 0.5),
    Batch("10,000 new edges", 10_000, 0, 2),
    Batch("3,000 withdrawn edges", 0, 3_000, 2),
    Batch("100,000 new edges", 100_000, 0, 8),
)
WHOLE_BARS = {"people": 1.5, "chain in order": 2.0, "chain shuffled": 2.0}


def main() -> None:
    """Measure, and print one JSON document; exit with 1 when a partition differs or a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--chain", type=int, default=1_000_000, help="left vertices of the chains")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    with bench_database("identity_graph") as settings, db.connect(settings) as connection:
        connection.execute("create schema bench")
        GRAPH.create(connection)
        whole = {}
        people = shuffle(chance, *make_people(chance, arguments.edges))
        chain = make_chain(arguments.chain)
        # The last one stands, for the increments.
        for name, edges in (
            ("chain in order", chain),
            ("chain shuffled", shuffle(chance, *chain)),
            ("people", people),
        ):
            whole[name] = measure_whole(connection, *edges, arguments.repeat)
            say(name, whole[name])
        increments = measure_increments(connection, chance, people, arguments.repeat)
    missed = [name for name, found in whole.items() if found["times_the_floor"] > WHOLE_BARS[name]]
    missed += [batch.name for batch in BATCHES if increments["batches"][batch.name]["median"] > batch.bar]
    differing = [name for name, found in increments["batches"].items() if not found["is_same_partition"]]
    document = {
        "seed": arguments.seed,
        "cpu_count": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "whole": whole,
        "bars_of_whole": WHOLE_BARS,
        "increments": increments,
        "bars_of_increments": {batch.name: batch.bar for batch in BATCHES},
        "missed": missed,
        "differing": differing,
    }
    print(json.dumps(document, indent=2))
    sys.exit(bool(missed or differing))


# --- graphs -----------------------------------------------------------------------------------------------


def make_chain(length: int) -> tuple[Numbers, Numbers]:
    """A chain of left vertices 0, 1, … with a right vertex between each two."""
    lefts = np.arange(length - 1)
    return np.concatenate([lefts, lefts + 1]), np.concatenate([lefts, lefts])


def make_people(chance: np.random.Generator, edge_count: int) -> tuple[Numbers, Numbers]:
    """People: each record has three identifiers of its person, or all of them where there are fewer."""
    count = max(1, round(edge_count / EDGES_PER_PERSON))
    identifier_counts = chance.choice(np.arange(1, 5), count, p=IDENTIFIER_SHARES)
    record_counts = np.maximum(identifier_counts - 1, 1) + chance.poisson(MORE_RECORDS, count)
    first_identifiers = np.cumsum(identifier_counts) - identifier_counts
    persons = np.repeat(np.arange(count), record_counts)
    places = np.arange(len(persons)) - np.repeat(np.cumsum(record_counts) - record_counts, record_counts)
    sizes, firsts = identifier_counts[persons], first_identifiers[persons]
    records = np.arange(len(persons))
    links = [(records[sizes > link], (firsts + (places + link) % sizes)[sizes > link]) for link in range(3)]
    return np.concatenate([lefts for lefts, _ in links]), np.concatenate([rights for _, rights in links])


def shuffle(chance: np.random.Generator, lefts: Numbers, rights: Numbers) -> tuple[Numbers, Numbers]:
    """The same graph with its vertices renamed and its edges in another order, both at random."""
    order = chance.permutation(len(lefts))
    return (
        chance.permutation(int(lefts.max()) + 1)[lefts][order],
        chance.permutation(int(rights.max()) + 1)[rights][order],
    )


# --- whole ------------------------------------------------------------------------------------------------


def measure_whole(
    connection: psycopg.Connection, lefts: Numbers, rights: Numbers, repeat: int
) -> dict[str, Any]:
    """Fill the graph, and time whole runs and their floor in turns; the graph stands afterwards."""
    connection.execute("truncate bench.edges")
    copy_in(connection, EDGES, lefts, rights)
    connection.commit()
    connection.execute("analyze bench.edges")
    connection.execute("create table if not exists bench.floor (left_key bigint, component bigint)")
    connection.commit()
    floors, seconds = [], []
    for _ in range(repeat):
        floors.append(timed(lambda: run_floor(connection)))
        seconds.append(timed(lambda: resolve(connection)))
    row = connection.execute(
        "select count(*), count(distinct component) from bench.members where known_to is null"
    ).fetchone()
    assert row is not None
    return {
        "edges": len(lefts),
        "nodes": row[0] + len(np.unique(rights)),
        "components": row[1],
        "seconds": seconds,
        "floor_seconds": floors,
        "median": median(seconds),
        "floor_median": median(floors),
        "times_the_floor": round(median(seconds) / median(floors), 2),
    }


def run_floor(connection: psycopg.Connection) -> None:
    """What no way through a library could leave out."""
    lefts, rights = copy_out(connection, ALL_EDGES)
    left_count = int(lefts.max()) + 1
    count = left_count + int(rights.max()) + 1
    edges = coo_array((np.ones(len(lefts), np.int8), (lefts, rights + left_count)), shape=(count, count))
    _, labels = connected_components(edges, directed=False)
    connection.execute("truncate bench.floor")
    copy_in(connection, sql.SQL("bench.floor"), np.arange(left_count), labels[:left_count])
    connection.commit()


def resolve(connection: psycopg.Connection) -> None:
    """A whole run."""
    GRAPH.resolve(connection, 0)
    connection.commit()


# --- increments -------------------------------------------------------------------------------------------


def measure_increments(
    connection: psycopg.Connection, chance: np.random.Generator, edges: tuple[Numbers, Numbers], repeat: int
) -> dict[str, Any]:
    """Time each kind of increment on the standing graph, and compare the components after each kind."""
    indexing = timed(lambda: GRAPH.index(connection))
    connection.commit()
    connection.execute("create table bench.changes (left_key bigint, right_key bigint, is_withdrawn boolean)")
    connection.commit()
    found: dict[str, Any] = {}
    step = 0
    for batch in BATCHES:
        seconds, moved = [], []
        for _ in range(repeat):
            step += 1
            make_changes(connection, chance, batch, edges)
            begin = time.monotonic()
            changes = GRAPH.change(connection, ("bench", "changes"), step)
            connection.commit()
            seconds.append(round(time.monotonic() - begin, 2))
            moved.append(changes.moved)
        found[batch.name] = {
            "seconds": seconds,
            "median": median(seconds),
            "rows_of_history": moved,
            "is_same_partition": is_same_partition(connection),
        }
        say(batch.name, found[batch.name])
    return {"indexing_seconds": indexing, "batches": found}


def make_changes(
    connection: psycopg.Connection, chance: np.random.Generator, batch: Batch, edges: tuple[Numbers, Numbers]
) -> None:
    """Fill the table of changes; `edges` are those of the beginning."""
    lefts, rights = edges
    joining = round(batch.added * JOINING_SHARE)
    new = (batch.added - joining) // 2
    first_left, first_right = (int(keys.max()) + 1 + int(chance.integers(1 << 40)) for keys in edges)
    new_lefts, new_rights = np.arange(new) + first_left, np.arange(new) + first_right
    withdrawn = chance.choice(len(lefts), batch.withdrawn, replace=False)
    connection.execute("truncate bench.changes")
    for is_withdrawn, changed in (
        (False, (chance.choice(lefts, joining), chance.choice(rights, joining))),
        (False, (new_lefts, chance.choice(rights, new))),
        (False, (new_lefts, new_rights)),
        (True, (lefts[withdrawn], rights[withdrawn])),
    ):
        connection.execute(
            sql.SQL("alter table bench.changes alter is_withdrawn set default {}").format(
                sql.Literal(is_withdrawn)
            )
        )
        copy_in(connection, sql.SQL("bench.changes (left_key, right_key)"), *changed)
    connection.commit()
    connection.execute("analyze bench.changes")
    connection.commit()


def is_same_partition(connection: psycopg.Connection) -> bool:
    """Whether the standing components are those that a whole run finds, by name."""
    lefts, components = copy_out(
        connection,
        sql.SQL("select left_key, component from bench.members where known_to is null order by left_key"),
    )
    whole = find_components(*copy_out(connection, ALL_EDGES))
    connection.commit()
    return bool(np.array_equal(lefts, whole[0]) and np.array_equal(components, whole[1]))


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    begin = time.monotonic()
    work()
    return round(time.monotonic() - begin, 2)


def say(name: str, found: dict[str, Any]) -> None:
    """A sign of life."""
    print(f"{name}: {found['median']} s", file=sys.stderr)


if __name__ == "__main__":
    main()
