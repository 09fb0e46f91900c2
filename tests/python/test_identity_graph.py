"""Components of a standing graph: whole and by increments, against networkx and a full run, on any graph."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise

import networkx as nx
import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cercle.identity.graph import Graph
from cercle.identity.graph_library import find_components
from cercle.settings import Settings
from identity_support import copy_rows

Edge = tuple[int, int]
History = list[tuple[set[Edge], set[Edge]]]

GRAPH = Graph(("standing", "edges"), ("standing", "members"))
CHANCE = random.Random(20261123)
IN_ORDER = [(number, other) for number in range(300) for other in (number, number + 1)]
SHUFFLED = [(left, right) for left, right in zip(CHANCE.sample(range(300), 300), range(300), strict=True)]
SHUFFLED_CHAIN = [edge for one, other in pairwise(SHUFFLED) for edge in (one, (other[0], one[1]))]
STAR = [(number, 0) for number in range(300)]
TWO_GIANTS = [(number, number % 2) for number in range(300)]


def expected(edges: Iterable[Edge]) -> dict[int, int]:
    graph = nx.Graph(((("left", left), ("right", right)) for left, right in edges))
    lefts = ({name for side, name in found if side == "left"} for found in nx.connected_components(graph))
    return {name: min(names) for names in lefts for name in names}


edges_of = st.sets(st.tuples(st.integers(0, 12), st.integers(0, 8)), max_size=30)
histories = st.lists(st.tuples(edges_of, edges_of), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(edges=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 20), st.integers(0, 20))))
@example(edges=IN_ORDER)
@example(edges=SHUFFLED_CHAIN)
@example(edges=STAR)
@example(edges=[*TWO_GIANTS, (0, 1)])
def test_the_library_finds_what_networkx_finds(edges: list[Edge]) -> None:
    lefts, rights = np.array(edges, np.int64).reshape(-1, 2).T
    keys, components = find_components(lefts, rights)
    assert dict(zip(keys.tolist(), components.tolist(), strict=True)) == expected(edges)
    assert sorted(keys.tolist()) == keys.tolist()


@pytest.fixture(scope="module")
def connection(server: Settings, template_database: str) -> Iterator[psycopg.Connection]:
    """A connection to a database of this module's own, with an empty standing graph."""
    from cercle import server as embedded

    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as maker:
        maker.execute("create database standing_graph")
    with psycopg.connect(embedded.url(server, "standing_graph"), autocommit=True) as opened:
        opened.execute("create schema standing")
        opened.execute(
            "create table standing.changes (left_key bigint, right_key bigint, is_withdrawn boolean)"
        )
        GRAPH.create(opened)
        GRAPH.index(opened)
        yield opened
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as maker:
        maker.execute("drop database standing_graph with (force)")


def empty(connection: psycopg.Connection) -> None:
    connection.execute("truncate standing.edges, standing.members")


def change(connection: psycopg.Connection, added: set[Edge], withdrawn: set[Edge], step: int) -> int:
    """Take a step, and return how many left vertices moved."""
    connection.execute("truncate standing.changes")
    copy_rows(connection, "standing.changes", [(*edge, False) for edge in added - withdrawn])
    copy_rows(connection, "standing.changes", [(*edge, True) for edge in withdrawn])
    with connection.transaction():
        return GRAPH.change(connection, ("standing", "changes"), step).moved


def held(connection: psycopg.Connection, step: int | None = None) -> dict[int, int]:
    """Who was in which component after a step, or is now."""
    when = (
        "known_to is null"
        if step is None
        else f"known_from <= {step} and (known_to is null or known_to > {step})"
    )
    rows = connection.execute(
        f"select left_key, component from standing.members where {when}".encode()
    ).fetchall()
    assert len(dict(rows)) == len(rows)
    return dict(rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
@example(history=[(set(IN_ORDER), set()), (set(), {(150, 150)}), ({(150, 150)}, {(0, 1)})])
@example(history=[(set(SHUFFLED_CHAIN), set()), (set(), set(SHUFFLED_CHAIN[100:105])), ({(299, 0)}, set())])
@example(history=[(set(TWO_GIANTS), set()), ({(0, 1)}, set()), (set(), {(0, 1)}), ({(299, 0)}, {(1, 1)})])
@example(history=[(set(STAR), set()), (set(), set(STAR[:150])), ({(1000, 0), (1000, 7)}, set(STAR[150:]))])
def test_increments_give_the_components_of_a_full_run(
    connection: psycopg.Connection, history: History
) -> None:
    """After each step, and for each step still at the end: the history says what was held when."""
    empty(connection)
    edges: set[Edge] = set()
    after: list[dict[int, int]] = []
    for step, (added, withdrawn) in enumerate(history):
        edges = (edges | (added - withdrawn)) - withdrawn
        moved = change(connection, added, withdrawn, step)
        wanted = expected(edges)
        before = after[-1] if after else {}
        assert held(connection) == wanted
        assert moved == sum(before.get(key) != wanted.get(key) for key in before.keys() | wanted.keys())
        after.append(wanted)
    for step, wanted in enumerate(after):
        assert held(connection, step) == wanted


def test_a_full_run_begins_where_increments_go_on(connection: psycopg.Connection) -> None:
    empty(connection)
    copy_rows(connection, "standing.edges", TWO_GIANTS)
    with connection.transaction():
        assert GRAPH.resolve(connection, 1) == len(TWO_GIANTS)
    assert held(connection) == expected(TWO_GIANTS)
    assert change(connection, set(TWO_GIANTS), set(), 2) == 0
    assert change(connection, {(1, 0)}, set(), 3) == 150
    assert held(connection) == expected([*TWO_GIANTS, (1, 0)])
    assert held(connection, 2) == expected(TWO_GIANTS)


def test_an_increment_touches_what_it_reaches_alone(connection: psycopg.Connection) -> None:
    """A chain loses a link, a star beside it nothing: the star is not read."""
    empty(connection)
    star = [(left + 1000, right + 1000) for left, right in STAR]
    copy_rows(connection, "standing.edges", [*IN_ORDER, *star])
    with connection.transaction():
        GRAPH.resolve(connection, 1)
    connection.execute("truncate standing.changes")
    copy_rows(connection, "standing.changes", [(10, 11, True), (2000, 1000, False), (5, 5, False)])
    with connection.transaction():
        changes = GRAPH.change(connection, ("standing", "changes"), 2)
    assert (changes.added, changes.withdrawn, changes.opened, changes.moved) == (1, 1, 300, 289 + 1)
