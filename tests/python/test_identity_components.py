"""The materializations on graphs: components against networkx, nearest seeds against a search in breadth."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import pairwise

import networkx as nx
import psycopg
import pytest

from cercle import db
from cercle.settings import Settings
from identity_support import copy_rows, dbt, make_small_project

SEED = 20261122
MODELS = {
    "bipartite": (
        "{{ config(materialized='connected_components', left='l', right='r') }} select l, r from trial.edges"
    ),
    "plain": (
        "{{ config(materialized='connected_components', left='l', right='r', component='root', is_bipartite=false) }}"
        " select l, r from trial.edges"
    ),
    "nearest": (
        "{{ config(materialized='nearest_seeds', left='l', right='r') }}"
        " select l, r, 1 as priority, null::text as label from trial.edges where r is not null"
        " union all select l, null, null, label from trial.seeds"
    ),
}
Edge = tuple[str, str | None]


def graphs() -> list[Edge]:
    """Many graphs side by side, told apart by the beginning of their vertices' names; edges in random order."""
    chance = random.Random(SEED)
    edges: list[Edge] = []

    def add(name: str, pairs: list[tuple[object, object]]) -> None:
        edges.extend(
            (f"{name}/{left}", None if right is None else f"{name}/{right}") for left, right in pairs
        )

    in_order = [f"{number:05}" for number in range(2000)]
    shuffled = chance.sample(in_order, len(in_order))
    for name, names in (("chain", in_order), ("shuffled chain", shuffled), ("chain back", in_order[::-1])):
        for number, (one, other) in enumerate(pairwise(names)):
            add(name, [(one, f"n{number}"), (other, f"n{number}")])
    add("star", [(number, "hub") for number in range(2000)])
    add("two giants", [(number, f"hub {number % 2}") for number in range(1000)] + [(3, "hub 0")])
    add("alone", [("a", None), ("b", "only"), ("c", "twice"), ("c", "twice"), ("d", None), ("d", "e")])
    add("same name on both sides", [("x", "x"), ("y", "z"), ("z", "x")])
    for number in range(150):
        size = chance.randint(1, 60)
        add(
            f"random {number}",
            [(chance.randrange(size), chance.randrange(size)) for _ in range(chance.randint(1, 90))],
        )
    chance.shuffle(edges)
    return edges


def expected(edges: list[Edge], is_bipartite: bool) -> dict[str, str]:
    graph = nx.Graph()
    for left, right in edges:
        graph.add_node((0, left))
        if right is not None:
            graph.add_edge((0, left), (1 if is_bipartite else 0, right))
    named = ({name for side, name in component if side == 0} for component in nx.connected_components(graph))
    return {name: min(names) for names in named for name in names}


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory, server: Settings
) -> Iterator[tuple[psycopg.Connection, str]]:
    """A database in which dbt has built the models over the graphs, and what dbt said."""
    from cercle import server as embedded

    home = tmp_path_factory.mktemp("components")
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute("create database components")
    settings = Settings(
        home=home,
        dsn=embedded.url(server, "components"),
        project_dir=home / "project",
        dbt_executable=Settings.from_env().dbt_executable,
    )
    with db.connect(settings) as connection:
        connection.execute("create schema trial")
        connection.execute("create table trial.edges (l text, r text)")
        connection.execute("create table trial.seeds (l text, label text)")
        copy_rows(connection, "trial.edges", graphs())
        copy_rows(connection, "trial.seeds", [(vertex, label) for vertex, label in seeds().items()])
    make_small_project(settings, MODELS)
    said = dbt(settings, "--debug", "run")
    with db.connect(settings) as connection:
        yield connection, said
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute("drop database components with (force)")


def seeds() -> dict[str, str]:
    chance = random.Random(SEED + 1)
    lefts = sorted({left for left, _ in graphs() if left.startswith(("random", "shuffled", "star"))})
    return {left: f"label {chance.randint(1, 5)}" for left in chance.sample(lefts, 200)}


@pytest.mark.parametrize(
    ("model", "column", "is_bipartite"), [("bipartite", "component_key", True), ("plain", "root", False)]
)
def test_components_are_those_of_networkx(
    built: tuple[psycopg.Connection, str], model: str, column: str, is_bipartite: bool
) -> None:
    connection, _ = built
    wanted = expected(graphs(), is_bipartite)
    rows = connection.execute(f"select l, {column} from trial.{model}").fetchall()
    assert len(rows) == len(wanted), f"seed {SEED}"
    assert dict(rows) == wanted, f"seed {SEED}"


def test_rounds_are_at_most_the_logarithm_of_the_vertices(built: tuple[psycopg.Connection, str]) -> None:
    _, said = built
    rounds = [int(number) for number in re.findall(r"connected_components: \w+ took (\d+) rounds", said)]
    vertex_count = 2 * len(graphs())
    assert len(rounds) == 2
    assert 1 <= max(rounds) <= vertex_count.bit_length()


def test_each_vertex_gets_the_label_of_a_nearest_seed(built: tuple[psycopg.Connection, str]) -> None:
    connection, _ = built
    graph = nx.Graph()
    graph.add_edges_from((("left", left), ("right", right)) for left, right in graphs() if right is not None)
    labelled = seeds()
    distances = nx.multi_source_dijkstra_path_length(
        graph, {("left", seed) for seed in labelled if ("left", seed) in graph}
    )
    rows = {
        (side, vertex): label for side, vertex, label in connection.execute("select * from trial.nearest")
    }
    lonely = {("left", seed) for seed in labelled} - set(graph)
    assert set(rows) == set(distances) | lonely
    for vertex, label in rows.items():
        if vertex[0] == "left" and vertex[1] in labelled:
            assert label == labelled[vertex[1]]
        else:
            closer = [other for other in graph[vertex] if distances[other] == distances[vertex] - 1]
            assert label == min(rows[other] for other in closer), f"seed {SEED}"
