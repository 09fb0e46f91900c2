"""A scratch schema with the tables of `privacy` and the world around it, for `simulate` and for trials.

Everything happens in one transaction that is rolled back: nothing of it ever shows, even after a kill.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from cercle.privacy.rendering import render

__all__ = ["MODELLED", "Scratch", "scratch_schema"]

# Tables of `privacy` that a world fills, and those whose rows it takes over.
_COPIED: tuple[LiteralString, ...] = (
    "consent_events",
    "ledger_heads",
    "notice_versions",
    "notice_coverage",
    "notice_recipients",
    "public_holidays",
    "list_scrubs",
    "list_scrub_entries",
    "contracts",
    "call_log",
    "tombstones",
)
_TAKEN_OVER: tuple[LiteralString, ...] = ("vocabularies", "event_types", "policy_rules")

# What dbt's models int_consent_* hold in production: the same columns.
MODELLED: dict[LiteralString, LiteralString] = {
    "links": """
        ledger text, identity text, person_id text, valid_from timestamptz, valid_to timestamptz,
        lifts_from timestamptz, known_from timestamptz, known_to timestamptz
    """,
    "sales": """
        ledger text, sale_id text, identity text, contact_point text, controller text, product_family text, status text,
        is_collected_from_subject boolean, is_optout_offered boolean, occurred_at timestamptz, known_from timestamptz
    """,
    "engagements": "ledger text, identity text, kind text, occurred_at timestamptz, known_from timestamptz",
    "people": "ledger text, identity text, birth_date date",
    "questions": """
        question_id bigint, ledger text, identity text, contact_point text, channel text, purpose text, recipient text,
        controller text, product_family text, check_hours boolean, jurisdiction text, valid_at timestamptz,
        known_at timestamptz
    """,
    "exports": "ledger text, export_at timestamptz, ledger_watermark timestamptz, max_lag_minutes numeric",
    "cells": "table_id bigint, cell_name text, cell_count numeric, k numeric, is_total_published boolean",
}


class Scratch:
    """The scratch schema.

    Attributes:
        schema: its name.
        connection: inside the transaction that will be rolled back.
    """

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self.connection = connection
        self.schema = schema

    def relation(self, name: str) -> str:
        """Return the quoted name of one of its relations."""
        return sql.Identifier(self.schema, name).as_string(self.connection)

    def fill(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Copy rows into a relation."""
        statement = sql.SQL("copy {}.{} ({}) from stdin").format(
            sql.Identifier(self.schema),
            sql.Identifier(name),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
        )
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def make(self, name: str, query: str) -> str:
        """Create a table from a query, with statistics, and return its quoted name."""
        relation = self.relation(name)
        self.connection.execute(f"create table {relation} as {query}")
        self.connection.execute(f"analyze {relation}")
        return relation

    def world(self) -> dict[str, str]:
        """Resolve what was filled in, and return the relations that `decide_contacts` needs, by name."""
        self.make(
            "events",
            render("resolve_consent_events", self.relation("consent_events"), self.relation("event_types")),
        )
        self.make("notices", render("resolve_notices", self.relation("notice_versions")))
        self.make("scrub_entries", render("select_scrub_entries", self.relation("list_scrub_entries")))
        self.make("running_contracts", render("select_contracts", self.relation("contracts")))
        self.make("calls", render("select_calls", self.relation("call_log")))
        names = {
            "events": "events",
            "links": "links",
            "notices": "notices",
            "notice_coverage": "notice_coverage",
            "notice_recipients": "notice_recipients",
            "sales": "sales",
            "engagements": "engagements",
            "people": "people",
            "contracts": "running_contracts",
            "scrubs": "list_scrubs",
            "scrub_entries": "scrub_entries",
            "calls": "calls",
            "holidays": "public_holidays",
            "policies": "policy_rules",
        }
        return {name: self.relation(table) for name, table in names.items()}


@contextmanager
def scratch_schema(connection: psycopg.Connection) -> Iterator[Scratch]:
    """Make the scratch schema, and roll all of it back in the end.

    Args:
        connection: without an open transaction.
    """
    schema = f"privacy_scratch_{secrets.token_hex(4)}"
    try:
        name = sql.Identifier(schema)
        connection.execute(sql.SQL("create schema {}").format(name))
        for table in _COPIED + _TAKEN_OVER:
            connection.execute(
                sql.SQL("create table {}.{} (like privacy.{} including all)").format(
                    name, sql.Identifier(table), sql.Identifier(table)
                )
            )
        for table in _TAKEN_OVER:
            connection.execute(
                sql.SQL("insert into {}.{} select * from privacy.{}").format(
                    name, sql.Identifier(table), sql.Identifier(table)
                )
            )
        for table, columns in MODELLED.items():
            connection.execute(
                sql.SQL("create table {}.{} ({})").format(name, sql.Identifier(table), sql.SQL(columns))
            )
        yield Scratch(connection, schema)
    finally:
        if not connection.closed:
            connection.rollback()
