"""Compares the marts of two warehouses: equal after renaming ids one to one, whatever order they were built in.

An id (customer, conversation, household) is replaced on either side by the smallest of its members' keys, which
belongs to no other id of its kind there. Two warehouses that hold the same members together then show the same
text for every row; the members themselves are compared too, as the relation `identity.members`. Columns tagged
run_metadata or made from an id (meta entity derived) and relations tagged history are left out: they tell of the
runs, not of the customers.

Every relation is first compared by count and an order-free sum of its rows' hashes, in the database. Only where
these differ are keys and hashes read, sorted, from both sides. No value of a column other than a key is shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cercle import db
from cercle.errors import CercleError
from cercle.publish.catalog import published_marts
from cercle.publish.shape import Column, Mart
from cercle.settings import Settings

__all__ = ["Difference", "RelationDiff", "WarehouseDiff", "diff_warehouses"]

SHOWN = 20
MEMBERS = "identity.members"


@dataclass(frozen=True)
class Difference:
    """A row that differs.

    Attributes:
        kind: `only in A`, `only in B` or `differs`.
        key: its key as each side writes it (A's where both have it); personal values are dots.
        columns: the columns that differ.
    """

    kind: str
    key: dict[str, str | None]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class RelationDiff:
    """How a relation compares.

    Attributes:
        shape: sentences on what differs in its columns.
        only_left: rows that B has not.
        changed: rows that both have, with different content.
        examples: at most twenty.
    """

    relation: str
    left_rows: int | None
    right_rows: int | None
    shape: tuple[str, ...] = ()
    only_left: int = 0
    only_right: int = 0
    changed: int = 0
    examples: tuple[Difference, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.shape or self.only_left or self.only_right or self.changed)


@dataclass(frozen=True)
class WarehouseDiff:
    """How two warehouses compare.

    Attributes:
        left_as_of: the moment of A's publication.
        right_as_of: the moment of B's.
        has_one_secret: whether a value that both know has one pseudonym; None where they know none.
    """

    relations: tuple[RelationDiff, ...]
    left_as_of: datetime
    right_as_of: datetime
    has_one_secret: bool | None

    @property
    def is_same(self) -> bool:
        """Whether the marts are the same."""
        return all(relation.is_same for relation in self.relations)


def diff_warehouses(settings: Settings, left: str, right: str) -> WarehouseDiff:
    """Compare what two warehouses have published.

    Args:
        settings: the server of a side that is given as the name of a database.
        left: DSN or name of a database.
        right: DSN or name of a database.

    Raises:
        CercleError: a side cannot be reached, or has no publication.
    """
    with _side(settings, left) as a, _side(settings, right) as b:
        relations = (_compare(a, b, relation) for relation in sorted(a.marts.keys() | b.marts.keys()))
        return WarehouseDiff((_compare_members(a, b), *relations), a.as_of, b.as_of, _have_one_secret(a, b))


class _Side:
    """One warehouse, read in one snapshot."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        self.connection = connection
        known = connection.execute("select to_regclass('ops.marts') is not null").fetchone()
        row = (
            connection.execute("select as_of from ops.published_build").fetchone()
            if known and known[0]
            else None
        )
        if row is None:
            raise CercleError("Nothing is published there", where=name, remedy="Build it first: cercle run")
        self.as_of: datetime = row[0]
        self.marts = {
            relation: mart for relation, mart in published_marts(connection).items() if not mart.is_history
        }
        connection.execute(
            """
            create temporary table cercle_canonical on commit drop as
            select kind, id, '=' || min(member_key collate "C") as name
            from identity.members
            where known_to = 'infinity'
            group by kind, id
            """
        )
        connection.execute("create unique index on cercle_canonical (kind, id)")
        connection.execute("analyze cercle_canonical")


@contextmanager
def _side(settings: Settings, name: str) -> Iterator[_Side]:
    if "://" not in name and "=" not in name:
        # the name of a database beside ours; its own messages name it, and no password
        name, shown = make_conninfo(**{**db.conninfo(settings), "dbname": name}), name
    else:
        shown = "the other warehouse"
    with db.connect(dataclasses.replace(settings, dsn=name), application_name="cercle diff") as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("set local datestyle = 'ISO'; set local intervalstyle = 'postgres'")
        yield _Side(connection, shown)
        connection.rollback()


def _have_one_secret(a: _Side, b: _Side) -> bool | None:
    """Look up some pseudonyms of one side on the other: two secrets make every key another one."""
    keys = "select value_type, region, original_hash, value_key from ops.normalised_values where value_key is not null"
    ours = {
        tuple(row[:3]): row[3] for row in a.connection.execute(f"{keys} order by original_hash limit 1000")
    }
    if not ours:
        return None
    theirs = b.connection.execute(
        f"{keys} and original_hash = any (%s)", ([original_hash for _, _, original_hash in ours],)
    )
    same = [ours[tuple(row[:3])] == row[3] for row in theirs if tuple(row[:3]) in ours]
    return all(same) if same else None


# --- one relation -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Comparison:
    """The SQL that reads one relation of either side: from, expressions of its columns, key."""

    source: sql.Composable
    columns: dict[str, sql.Composable]
    key: tuple[str, ...]
    shown_key: dict[str, sql.Composable]

    @property
    def row_hash(self) -> sql.Composed:
        return sql.SQL("md5(row({})::text)").format(sql.SQL(", ").join(self.columns.values()))

    @property
    def key_text(self) -> sql.Composable:
        """The canonical key as text; without a comparable key the row itself."""
        if not self.key:
            return self.row_hash
        return sql.SQL("row({})::text").format(sql.SQL(", ").join(self.columns[name] for name in self.key))


def _compare(a: _Side, b: _Side, relation: str) -> RelationDiff:
    left, right = a.marts.get(relation), b.marts.get(relation)
    if left is None or right is None:
        missing = "A" if left is None else "B"
        return RelationDiff(relation, None, None, (f"{missing} has no marts.{relation}.",))
    shape = tuple(_compare_shapes(left, right))
    names = _common_columns(left, right)
    return _compare_rows(a, b, relation, (_comparison(left, names), _comparison(right, names)), shape)


def _compare_members(a: _Side, b: _Side) -> RelationDiff:
    name = sql.Identifier("named", "name")
    key: dict[str, sql.Composable] = {
        "kind": sql.Identifier("members", "kind"),
        "member_key": sql.Identifier("members", "member_key"),
    }
    comparison = _Comparison(
        source=sql.SQL(
            """
            (select kind, member_key, id from identity.members where known_to = 'infinity') as members
            inner join cercle_canonical as named on members.kind = named.kind and members.id = named.id
            """
        ),
        columns={**key, "id": name},
        key=("kind", "member_key"),
        shown_key=key,
    )
    return _compare_rows(a, b, MEMBERS, (comparison, comparison), ())


def _compare_shapes(left: Mart, right: Mart) -> Iterator[str]:
    ours = {column.name: column.data_type for column in left.columns}
    theirs = {column.name: column.data_type for column in right.columns}
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in theirs:
            yield f"B has no column {name}."
        elif name not in ours:
            yield f"A has no column {name}."
        elif ours[name] != theirs[name]:
            yield f"Column {name} is {ours[name]} in A and {theirs[name]} in B."
    if left.primary_key != right.primary_key:
        yield f"The key is {', '.join(left.primary_key)} in A and {', '.join(right.primary_key)} in B."


def _common_columns(left: Mart, right: Mart) -> list[str]:
    def compared(mart: Mart) -> set[str]:
        return {column.name for column in mart.columns if column.is_comparable}

    return sorted(compared(left) & compared(right))


def _comparison(mart: Mart, names: Sequence[str]) -> _Comparison:
    by_name = {column.name: column for column in mart.columns}
    joins: list[sql.Composable] = [sql.Identifier("marts", mart.relation) + sql.SQL(" as mart")]
    columns: dict[str, sql.Composable] = {}
    for position, name in enumerate(names):
        column = by_name[name]
        own = sql.Identifier("mart", name)
        if column.entity and not column.data_type.endswith("[]"):
            alias = f"named_{position}"
            joins.append(
                sql.SQL(
                    " left join cercle_canonical as {alias} on {alias}.kind = {kind} and {alias}.id = {own}"
                ).format(alias=sql.Identifier(alias), kind=sql.Literal(column.entity), own=own)
            )
            columns[name] = sql.SQL("coalesce({}, {})").format(sql.Identifier(alias, "name"), own)
        else:
            columns[name] = _canonical(column, own)
    key = mart.primary_key if set(mart.primary_key) <= set(names) else ()
    return _Comparison(
        source=sql.Composed(joins),
        columns=columns,
        key=key,
        shown_key={
            name: sql.SQL("'…'") if "personal" in by_name[name].tags else sql.Identifier("mart", name)
            for name in mart.primary_key
        },
    )


def _canonical(column: Column, own: sql.Identifier) -> sql.Composable:
    """One spelling per value: 1.0 and 1.00 are equal; the ids in an array are renamed and sorted."""
    if column.entity:
        return sql.SQL(
            """
            (
                select array_agg(coalesce(named.name, ids.id) order by coalesce(named.name, ids.id) collate "C")
                from unnest({own}) as ids (id)
                left join cercle_canonical as named on named.kind = {kind} and named.id = ids.id
            )
            """
        ).format(own=own, kind=sql.Literal(column.entity))
    if column.data_type.startswith(("numeric", "decimal")) and not column.data_type.endswith("[]"):
        return sql.SQL("trim_scale({})").format(own)
    return own


# --- rows -------------------------------------------------------------------------------------------------


def _compare_rows(
    a: _Side, b: _Side, relation: str, comparisons: tuple[_Comparison, _Comparison], shape: tuple[str, ...]
) -> RelationDiff:
    left, right = comparisons
    ours, theirs = _fingerprint(a, left), _fingerprint(b, right)
    if ours == theirs:
        return RelationDiff(relation, ours[0], theirs[0], shape)
    only_left, only_right, changed = 0, 0, 0
    found: list[tuple[str, str]] = []
    for kind, key in _merge(_stream(a, left), _stream(b, right)):
        only_left += kind == "only in A"
        only_right += kind == "only in B"
        changed += kind == "differs"
        if len(found) < SHOWN:
            found.append((kind, key))
    examples = tuple(_example(a, b, comparisons, kind, key) for kind, key in found)
    return RelationDiff(relation, ours[0], theirs[0], shape, only_left, only_right, changed, examples)


def _fingerprint(side: _Side, comparison: _Comparison) -> tuple[int, object, object]:
    """Count of the rows, and sums of both halves of their hashes: no order matters, and no pair cancels out."""
    row = side.connection.execute(
        sql.SQL(
            """
            with hashed as (
                select {row_hash} as row_hash from {source}
            )

            select
                count(*),
                sum(('x' || left(row_hash, 16))::bit(64)::bigint::numeric),
                sum(('x' || right(row_hash, 16))::bit(64)::bigint::numeric)
            from hashed
            """
        ).format(row_hash=comparison.row_hash, source=comparison.source)
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _stream(side: _Side, comparison: _Comparison) -> Iterator[tuple[str, str]]:
    """Key and hash of every row, by key as code points sort, which is how Python compares text."""
    with side.connection.cursor(name="cercle_diff") as cursor:
        cursor.itersize = 20000
        cursor.execute(
            sql.SQL(
                "select {key} as row_key, {row_hash} as row_hash from {source} "
                'order by {key} collate "C", {row_hash} collate "C"'
            ).format(key=comparison.key_text, row_hash=comparison.row_hash, source=comparison.source)
        )
        yield from cursor


def _merge(left: Iterator[tuple[str, str]], right: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Walk two sorted streams and yield what differs, as kind and key."""
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours[0] < theirs[0]):
            assert ours is not None
            yield "only in A", ours[0]
            ours = next(left, None)
        elif ours is None or theirs[0] < ours[0]:
            yield "only in B", theirs[0]
            theirs = next(right, None)
        else:
            if ours[1] != theirs[1]:
                yield "differs", ours[0]
            ours, theirs = next(left, None), next(right, None)


def _example(
    a: _Side, b: _Side, comparisons: tuple[_Comparison, _Comparison], kind: str, key: str
) -> Difference:
    left, right = comparisons
    if kind == "only in B":
        return Difference(kind, _row(b, right, key)[0])
    shown, ours = _row(a, left, key)
    if kind == "only in A":
        return Difference(kind, shown)
    _, theirs = _row(b, right, key)
    return Difference(kind, shown, tuple(name for name in ours if ours[name] != theirs.get(name)))


def _row(
    side: _Side, comparison: _Comparison, key: str
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Read the shown key and the hash of every column of the row with a canonical key."""
    shown, columns = comparison.shown_key, comparison.columns
    row = side.connection.execute(
        sql.SQL("select {values} from {source} where {key} = {wanted} limit 1").format(
            values=sql.SQL(", ").join(
                [
                    *(sql.SQL("({})::text").format(value) for value in shown.values()),
                    *(sql.SQL("md5(({})::text)").format(value) for value in columns.values()),
                ]
            ),
            source=comparison.source,
            key=comparison.key_text,
            wanted=sql.Literal(key),
        )
    ).fetchone()
    assert row is not None
    return dict(zip(shown, row, strict=False)), dict(zip(columns, row[len(shown) :], strict=True))
