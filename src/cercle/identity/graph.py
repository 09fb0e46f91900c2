"""Connected components of a graph that stands in PostgreSQL: found whole by a library, then kept by increments.

For graphs that the materialization `connected_components` takes minutes for. That one needs dbt and PostgreSQL
alone; this needs scipy, the extra `matching`. The graph is bipartite, as everywhere in cercle: edges lead from a
left vertex (a record) to a right one (an identifier). Vertices are numbers; a left and a right one of the same
number are two. A component is named by the smallest left vertex in it, so the same edges give the same names,
whole or by increments, in any order.

An increment touches what the changed edges reach, and nothing else:

- a component that lost an edge is opened: its vertices and remaining edges are resolved again;
- any other component that a new edge reaches counts as one vertex, its name, since it only grows (contraction).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cercle.identity.graph_copy import copy_in, copy_out
from cercle.identity.graph_library import find_components

__all__ = ["Changes", "Graph"]

_CREATE = """
    create table {edges} (left_key bigint not null, right_key bigint not null);
    create table {members} (
        left_key bigint not null, component bigint not null, known_from bigint not null, known_to bigint
    )
"""

_INDEX = """
    create unique index on {edges} (left_key, right_key);
    create index on {edges} (right_key);
    create unique index on {members} (left_key) where known_to is null;
    create index on {members} (component) where known_to is null;
    analyze {edges};
    analyze {members}
"""

# What really changes: an edge that is there is not new, and one that is not there is not withdrawn.
_COMPARE = """
    drop table if exists
        graph_added, graph_withdrawn, graph_opened, graph_reached, graph_contracted, graph_found, graph_moved;

    create temporary table graph_added on commit drop as
    select distinct changes.left_key, changes.right_key
    from {changes} as changes
    left join {edges} as edges using (left_key, right_key)
    where not changes.is_withdrawn and edges.left_key is null;

    create temporary table graph_withdrawn on commit drop as
    select distinct edges.left_key, edges.right_key
    from {changes} as changes
    inner join {edges} as edges using (left_key, right_key)
    where changes.is_withdrawn;

    analyze graph_added;
    analyze graph_withdrawn
"""

# A right vertex held together all that hung on it, so one of its old edges leads to their component.
_OPEN = """
    create temporary table graph_opened on commit drop as
    select members.left_key, members.component
    from {members} as members
    where members.known_to is null and members.component in (
        select touched.component
        from graph_withdrawn
        inner join {members} as touched using (left_key)
        where touched.known_to is null
    );

    delete from {edges} as edges
    using graph_withdrawn
    where edges.left_key = graph_withdrawn.left_key and edges.right_key = graph_withdrawn.right_key;

    create temporary table graph_reached on commit drop as
    select rights.right_key, held.left_key
    from (select distinct right_key from graph_added) as rights
    cross join lateral (
        select edges.left_key from {edges} as edges where edges.right_key = rights.right_key limit 1
    ) as held;

    insert into {edges} (left_key, right_key) select left_key, right_key from graph_added;
    analyze graph_opened;
    analyze graph_reached
"""

_CONTRACT = """
    create temporary table graph_contracted on commit drop as
    select edges.left_key, edges.right_key
    from graph_opened
    inner join {edges} as edges using (left_key)
    union all
    select coalesce(members.component, ends.left_key) as left_key, ends.right_key
    from (
        select left_key, right_key from graph_added
        union all
        select left_key, right_key from graph_reached
    ) as ends
    left join {members} as members on ends.left_key = members.left_key and members.known_to is null
    left join graph_opened on ends.left_key = graph_opened.left_key
    where graph_opened.left_key is null;

    create temporary table graph_found (left_key bigint, component bigint) on commit drop
"""

_MOVE = """
    analyze graph_found;

    create temporary table graph_moved on commit drop as
    with opened as (
        select distinct component from graph_opened
    )

    -- of components that grew into one with a smaller name
    select members.left_key, found.component
    from graph_found as found
    inner join {members} as members on found.left_key = members.component and members.known_to is null
    where found.component <> found.left_key and members.component not in (select opened.component from opened)
    union all
    -- of components that were opened; without an edge left, in none
    select opened.left_key, found.component
    from graph_opened as opened
    left join graph_found as found using (left_key)
    where found.component is distinct from opened.component
    union all
    -- new
    select found.left_key, found.component
    from graph_found as found
    left join {members} as members on found.left_key = members.left_key and members.known_to is null
    where members.left_key is null;

    analyze graph_moved
"""

_CLOSE = """
    update {members} as members
    set known_to = {step}
    from graph_moved
    where members.left_key = graph_moved.left_key and members.known_to is null
"""

_BEGIN = """
    insert into {members} (left_key, component, known_from)
    select left_key, component, {step} from graph_moved where component is not null
"""


@dataclass(frozen=True)
class Changes:
    """What an increment did.

    Attributes:
        added: edges that are new.
        withdrawn: edges that are gone.
        opened: left vertices of components that lost an edge, and were resolved again.
        moved: left vertices that are new, gone, or in another component now: a row of history each.
    """

    added: int
    withdrawn: int
    opened: int
    moved: int


@dataclass(frozen=True)
class Graph:
    """A standing graph: a table of edges, and a table of members with their history.

    `edges` is (left_key, right_key), each pair once. `members` is (left_key, component, known_from, known_to);
    both times count steps (publications, say), and known_to is null for what holds now.

    Attributes:
        edges: schema and name of its edges.
        members: schema and name of its members.
    """

    edges: tuple[str, str]
    members: tuple[str, str]

    def create(self, connection: psycopg.Connection[Any]) -> None:
        """Make both tables, empty and without indexes: `resolve`, then `index`, once the edges are in."""
        self._run(connection, _CREATE)

    def resolve(self, connection: psycopg.Connection[Any], step: int) -> int:
        """Find all components anew, and begin the history with them.

        Args:
            connection: commits are the caller's.
            step: from which on they are known.

        Returns:
            How many left vertices there are.

        Raises:
            CercleError: scipy is not installed.
        """
        edges = copy_out(connection, self._composed("select left_key, right_key from {edges}"))
        lefts, components = find_components(*edges)
        self._run(connection, "truncate {members}")
        copy_in(
            connection, self._composed("{members} (left_key, component, known_from)"), lefts, components, step
        )
        return len(lefts)

    def index(self, connection: psycopg.Connection[Any]) -> None:
        """Make the indexes that increments need, and the planner's statistics."""
        self._run(connection, _INDEX)

    def change(self, connection: psycopg.Connection[Any], changes: tuple[str, ...], step: int) -> Changes:
        """Take edges in and out, resolve what they reach, and write what moved as history.

        Args:
            connection: in a transaction, which the caller commits.
            changes: name of a table (left_key, right_key, is_withdrawn); a pair is in it once.
            step: greater than all before.

        Raises:
            CercleError: scipy is not installed.
        """
        self._run(connection, _COMPARE, changes=sql.Identifier(*changes))
        added, withdrawn = _count(connection, "graph_added"), _count(connection, "graph_withdrawn")
        if not added and not withdrawn:
            return Changes(0, 0, 0, 0)
        self._run(connection, _OPEN)
        self._run(connection, _CONTRACT)
        contracted = copy_out(connection, sql.SQL("select left_key, right_key from graph_contracted"))
        copy_in(connection, sql.SQL("graph_found (left_key, component)"), *find_components(*contracted))
        self._run(connection, _MOVE)
        self._run(connection, _CLOSE, step=sql.Literal(step))
        self._run(connection, _BEGIN, step=sql.Literal(step))
        return Changes(
            added, withdrawn, _count(connection, "graph_opened"), _count(connection, "graph_moved")
        )

    def _run(self, connection: psycopg.Connection[Any], text: str, **parts: sql.Composable) -> None:
        connection.execute(self._composed(text, **parts))

    def _composed(self, text: str, **parts: sql.Composable) -> sql.Composed:
        edges, members = sql.Identifier(*self.edges), sql.Identifier(*self.members)
        return sql.SQL(text).format(edges=edges, members=members, **parts)


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])
