"""What it takes to give `marts` the shape of the contracts: statements that can be read before they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.publish.catalog import MARTS, Standing, published_marts, standing_relations, with_canonical_types
from cercle.publish.shape import Column, Mart

__all__ = ["Plan", "Statement", "make_plan"]


@dataclass(frozen=True)
class Statement:
    """One statement of a plan.

    Attributes:
        is_exclusive: it keeps readers of an existing relation out until the publication has ended.
        loses: what is lost by it, as a sentence; None when nothing is.
    """

    relation: str
    text: str
    is_exclusive: bool = False
    loses: str | None = None


@dataclass(frozen=True)
class Plan:
    """The way from the shape that stands to the one that is wanted.

    Attributes:
        structure: runs before the rows change: tables, columns, keys that go.
        keys: runs after: keys, indexes, required columns, comments.
        replaced: relations whose key changed, so that all rows are written anew.
        blocked: reasons why the plan cannot run at all.
    """

    structure: tuple[Statement, ...] = ()
    keys: tuple[Statement, ...] = ()
    replaced: frozenset[str] = frozenset()
    blocked: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements in their order."""
        return self.structure + self.keys

    @property
    def losses(self) -> list[str]:
        """What would be lost, one sentence each."""
        return [statement.loses for statement in self.statements if statement.loses]

    @property
    def exclusive_relations(self) -> list[str]:
        """Existing relations that the plan locks against readers."""
        return sorted({statement.relation for statement in self.statements if statement.is_exclusive})

    def refuse(self, allow_drop: bool) -> None:
        """Raise unless the plan may run.

        Raises:
            CercleError: something stands in the way, or would be lost and `allow_drop` is false.
        """
        if self.blocked:
            raise CercleError(" ".join(self.blocked), where="marts")
        if self.losses and not allow_drop:
            raise CercleError(
                f"The publication would lose something: {' '.join(self.losses)}",
                where="marts",
                remedy="Read `cercle publication plan`; if it is meant, run again with --allow-drop",
            )


def make_plan(connection: psycopg.Connection, wanted: list[Mart]) -> Plan:
    """Compare the wanted shapes with what stands in `marts`.

    Args:
        connection: reads the catalogue only.
        wanted: from dbt's manifest.

    Raises:
        CercleError: a contract names a type that does not exist.
    """
    marts = {mart.relation: mart for mart in with_canonical_types(connection, wanted)}
    return _Planner(marts, published_marts(connection), standing_relations(connection)).plan()


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)


def _qualified(relation: str) -> str:
    return sql.Identifier(MARTS, relation).as_string(None)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(_quoted(name) for name in names)


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)


class _Planner:
    """Collects the statements; each method looks at one kind of difference."""

    def __init__(
        self, wanted: Mapping[str, Mart], published: Mapping[str, Mart], standing: Mapping[str, Standing]
    ) -> None:
        self.wanted = wanted
        self.published = published
        self.standing = standing
        self.structure: list[Statement] = []
        self.keys: list[Statement] = []
        self.blocked: list[str] = []
        self.replaced = frozenset(filter(self._has_new_key, wanted))

    def plan(self) -> Plan:
        for relation in sorted(self.wanted):
            self._refuse_foreigner(relation)
        for relation in sorted(self.published):
            self._drop_constraints(relation, foreign=True)
        for relation in sorted(self.published):
            self._drop_constraints(relation, foreign=False)
            self._drop_indexes(relation)
            if relation not in self.wanted:
                self._drop_table(relation)
        for relation, mart in sorted(self.wanted.items()):
            if self._stands(relation):
                self._change_columns(mart, self.standing[relation])
            else:
                self._create_table(mart)
        for mart in self.wanted.values():
            self._add_keys(mart)
        for mart in self.wanted.values():
            self._add_foreign_keys(mart)
        for mart in self.wanted.values():
            self._comment(mart)
        return Plan(tuple(self.structure), tuple(self.keys), self.replaced, tuple(self.blocked))

    # --- what stands, and whose it is --------------------------------------------------------------------

    def _stands(self, relation: str) -> bool:
        return relation in self.standing and relation in self.published

    def _has_new_key(self, relation: str) -> bool:
        return self._stands(relation) and self.wanted[relation].primary_key_name not in (
            self.standing[relation].constraints
        )

    def _refuse_foreigner(self, relation: str) -> None:
        if relation in self.standing and relation not in self.published:
            self.blocked.append(
                f"marts.{relation} exists and is not cercle's: rename it or move it to another schema."
            )

    def _made_constraints(self, mart: Mart, foreign: bool) -> dict[str, str]:
        """The constraints that a shape asks for: definition by name."""
        if foreign:
            return {
                key.name(mart.relation): f"foreign key ({_listed(key.columns)}) references "
                f"{_qualified(key.to)} ({_listed(key.to_columns)}) deferrable initially deferred"
                for key in mart.foreign_keys
            }
        return {
            mart.primary_key_name: f"primary key ({_listed(mart.primary_key)})",
            # deferrable: rows that swap a value within one update are no violation
            **{
                mart.unique_name(columns): f"unique ({_listed(columns)}) deferrable initially immediate"
                for columns in mart.uniques
            },
            **{mart.check_name(expression): f"check ({expression})" for expression in mart.checks},
        }

    # --- what goes ---------------------------------------------------------------------------------------

    def _drop_constraints(self, relation: str, foreign: bool) -> None:
        if not self._stands(relation):
            return
        before = self.published[relation]
        mart = self.wanted.get(relation)
        kept = self._made_constraints(mart, foreign) if mart else {}
        moved = {
            key.name(relation)
            for key in before.foreign_keys
            if key.to in self.replaced or key.to not in self.wanted
        }
        for name in self._made_constraints(before, foreign):
            if name in self.standing[relation].constraints and (name not in kept or name in moved):
                del self.standing[relation].constraints[name]
                self._before(
                    relation, f"alter table {_qualified(relation)} drop constraint {_quoted(name)}", True
                )

    def _drop_indexes(self, relation: str) -> None:
        if not self._stands(relation) or relation not in self.wanted:
            return
        kept = {index.name(relation) for index in self.wanted[relation].indexes}
        for index in self.published[relation].indexes:
            name = index.name(relation)
            if name in self.standing[relation].indexes and name not in kept:
                self._before(relation, f"drop index {sql.Identifier(MARTS, name).as_string(None)}", True)

    def _drop_table(self, relation: str) -> None:
        if not self._stands(relation):
            return
        self._block_dependents(relation, None, f"marts.{relation} cannot go")
        self._before(
            relation,
            f"drop table {_qualified(relation)}",
            True,
            f"marts.{relation} goes, because no model makes it any more.",
        )

    def _block_dependents(self, relation: str, column: str | None, what: str) -> None:
        views = self.standing[relation].views_on(column)
        if views:
            self.blocked.append(f"{what}, because these views need it: {', '.join(views)}.")

    # --- tables and columns ------------------------------------------------------------------------------

    def _create_table(self, mart: Mart) -> None:
        columns = ", ".join(f"{_quoted(column.name)} {column.data_type}" for column in mart.columns)
        self._before(mart.relation, f"create table {_qualified(mart.relation)} ({columns})")

    def _change_columns(self, mart: Mart, stands: Standing) -> None:
        table = f"alter table {_qualified(mart.relation)}"
        names = {column.name for column in mart.columns}
        for name in stands.columns.keys() - names:
            self._block_dependents(mart.relation, name, f"Column {name} of marts.{mart.relation} cannot go")
            self._before(
                mart.relation,
                f"{table} drop column {_quoted(name)}",
                True,
                f"Column {name} of marts.{mart.relation} goes, because its model has it no more.",
            )
        for column in mart.columns:
            if column.name not in stands.columns:
                self._before(
                    mart.relation, f"{table} add column {_quoted(column.name)} {column.data_type}", True
                )
                continue
            self._change_type(mart, column, stands)
            if stands.columns[column.name].is_required and not column.is_required:
                self._before(
                    mart.relation, f"{table} alter column {_quoted(column.name)} drop not null", True
                )

    def _change_type(self, mart: Mart, column: Column, stands: Standing) -> None:
        before = stands.columns[column.name].data_type
        if before == column.data_type:
            return
        label = f"Column {column.name} of marts.{mart.relation}"
        self._block_dependents(mart.relation, column.name, f"{label} cannot become {column.data_type}")
        name = _quoted(column.name)
        self._before(
            mart.relation,
            f"alter table {_qualified(mart.relation)} alter column {name} type {column.data_type} "
            f"using {name}::{column.data_type}",
            True,
            None
            if _is_wider(before, column.data_type)
            else f"{label} becomes {column.data_type} (was {before}), which rewrites the table: "
            "a reader whose transaction began before would find it empty.",
        )

    # --- what comes after the rows -----------------------------------------------------------------------

    def _add_keys(self, mart: Mart) -> None:
        table = f"alter table {_qualified(mart.relation)}"
        stands = self.standing[mart.relation] if self._stands(mart.relation) else None
        for column in mart.columns:
            before = stands.columns.get(column.name) if stands else None
            if (
                column.is_required
                and column.name not in mart.primary_key
                and not (before and before.is_required)
            ):
                self._after(
                    mart.relation, f"{table} alter column {_quoted(column.name)} set not null", bool(stands)
                )
        for name, definition in self._made_constraints(mart, foreign=False).items():
            if stands is None or name not in stands.constraints:
                self._after(
                    mart.relation, f"{table} add constraint {_quoted(name)} {definition}", bool(stands)
                )
        for index in mart.indexes:
            if stands is None or index.name(mart.relation) not in stands.indexes:
                kind = "unique index" if index.unique else "index"
                name = _quoted(index.name(mart.relation))
                self._after(
                    mart.relation,
                    f"create {kind} {name} on {_qualified(mart.relation)} using {index.type} "
                    f"({_listed(index.columns)})",
                )

    def _add_foreign_keys(self, mart: Mart) -> None:
        stands = self.standing[mart.relation] if self._stands(mart.relation) else None
        for name, definition in self._made_constraints(mart, foreign=True).items():
            if stands is None or name not in stands.constraints:
                self._after(
                    mart.relation,
                    f"alter table {_qualified(mart.relation)} add constraint {_quoted(name)} {definition}",
                )

    def _comment(self, mart: Mart) -> None:
        stands = self.standing[mart.relation] if self._stands(mart.relation) else None
        if stands is None or stands.comment != mart.comment:
            self._after(
                mart.relation, f"comment on table {_qualified(mart.relation)} is {_literal(mart.comment)}"
            )
        for column in mart.columns:
            before = stands.columns.get(column.name) if stands else None
            if (column.description or None) != (before.comment if before else None):
                name = sql.Identifier(MARTS, mart.relation, column.name).as_string(None)
                self._after(mart.relation, f"comment on column {name} is {_literal(column.description)}")

    def _before(self, relation: str, text: str, is_exclusive: bool = False, loses: str | None = None) -> None:
        self.structure.append(Statement(relation, text, is_exclusive, loses))

    def _after(self, relation: str, text: str, is_exclusive: bool = False) -> None:
        self.keys.append(Statement(relation, text, is_exclusive))


_LENGTH = re.compile(r"(?P<base>.+?)\((?P<numbers>[\d, ]+)\)(?P<rest>.*)")


def _is_wider(before: str, after: str) -> bool:
    """Whether PostgreSQL changes the type without writing the table anew.

    Only what is certain: from varchar to text, a dropped or longer limit of varchar, a dropped precision of
    numeric.
    """
    if after == "text":
        return before.startswith("character varying")
    match = _LENGTH.fullmatch(before)
    if match is None or match["rest"] or match["base"] not in {"character varying", "numeric"}:
        return False
    if after == match["base"]:
        return True
    longer = _LENGTH.fullmatch(after)
    return bool(
        longer
        and longer["base"] == match["base"] == "character varying"
        and int(longer["numbers"]) >= int(match["numbers"])
    )
