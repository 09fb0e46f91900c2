"""Decisions on this warehouse: the questions that people and the export gate put, against the ledger as it is now.

The SQL is that of the mart `contactability` (macros/consent/decide_contacts.sql). Identities, sales, engagement and
calls are those of the last build; events and notices are read from the ledger at once, so that a withdrawal of this
minute counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from cercle.errors import CercleError
from cercle.privacy.rendering import render

__all__ = [
    "DECISION_MODELS",
    "PLANNER",
    "READ_BETWEEN_BUILDS",
    "Decision",
    "Question",
    "decide",
    "make_world",
]

# Intermediate results carry no statistics: the planner sometimes expects one row, and loops over millions.
PLANNER = "set local enable_nestloop = off"
_LINKS = "intermediate.int_consent_identities_linked"
DECISION_MODELS = {
    "links": "int_consent_identities_linked",
    "sales": "int_sales_evidenced",
    "engagements": "int_engagements_dated",
    "people": "int_birth_dates_known",
    "calls": "int_marketing_calls_listed",
}
# Made by builds, but decisions, the export gate and subject access read them in between.
READ_BETWEEN_BUILDS = {
    "intermediate.int_record_customers",
    "intermediate.int_contact_points_listed",
    *(f"intermediate.{model}" for model in DECISION_MODELS.values()),
}


@dataclass(frozen=True)
class Question:
    """May this contact point be used, on this channel, for this purpose, at this moment?

    Attributes:
        identity: customer id, or pseudonym of a source identity.
        contact_point: its name in the ledger (a pseudonym).
        valid_at: the moment that is asked about.
        known_at: what was known then decides.
        recipient: for partner_prospecting, who is to receive.
        check_hours: whether the calling hours are judged.
    """

    identity: str | None
    contact_point: str | None
    channel: str
    purpose: str
    valid_at: datetime
    known_at: datetime
    recipient: str | None = None
    controller: str | None = None
    product_family: str | None = None
    check_hours: bool = False
    jurisdiction: str = "FR"
    ledger: str = "main"


@dataclass(frozen=True)
class Decision:
    """An answer; `valid_until` is the first instant at which time alone may change it."""

    question_id: int
    decision: str
    reason: str
    basis: str | None
    rule_id: str | None
    evidence_event_id: str | None
    decision_valid_until: datetime | None


def decide(connection: psycopg.Connection, questions: Sequence[Question]) -> list[Decision]:
    """Answer questions, in their order, all at once.

    Args:
        connection: a transaction is opened where there is none; temporary relations end with it.
        questions: any number of them.

    Raises:
        CercleError: no build has made the models that the answer needs.
    """
    world = make_world(connection)
    relation = _put(connection, questions)
    connection.execute(PLANNER)
    query = render("decide_contacts", questions=relation, world=world)
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        cursor.execute(f"select * from ({query}) as answers order by question_id".encode())
        return cursor.fetchall()


def make_world(connection: psycopg.Connection) -> dict[str, str]:
    """Return the relations of this warehouse that decisions ask, the ledger's events and notices read anew.

    Raises:
        CercleError: a model was never built.
    """
    missing = connection.execute(
        "select name from unnest(%s::text[]) as name where to_regclass('intermediate.' || name) is null",
        (list(DECISION_MODELS.values()),),
    ).fetchall()
    if missing:
        raise CercleError(
            "Decisions need models that no build has made yet: " + ", ".join(name for (name,) in missing),
            remedy="Run `cercle run` first",
        )
    counted = "ledger = 'main' and (load_id is null or load_id in (select load_id from ops.admitted_loads))"
    events = render(
        "resolve_consent_events",
        f"(select * from privacy.consent_events where {counted})",
        "privacy.event_types",
    )
    notices = render("resolve_notices", f"(select * from privacy.notice_versions where {counted}) as counted")
    for name, query in (("decision_events", events), ("decision_notices", notices)):
        connection.execute(f"drop table if exists pg_temp.{name}".encode())
        connection.execute(f"create temporary table {name} on commit drop as {query}".encode())
        connection.execute(f"analyze pg_temp.{name}".encode())
    return {
        "events": "pg_temp.decision_events",
        "notices": "pg_temp.decision_notices",
        "notice_coverage": "privacy.notice_coverage",
        "notice_recipients": "privacy.notice_recipients",
        "contracts": f"({render('select_contracts', 'privacy.contracts')})",
        "scrubs": "privacy.list_scrubs",
        "scrub_entries": f"({render('select_scrub_entries', 'privacy.list_scrub_entries')})",
        "holidays": "privacy.public_holidays",
        "policies": "privacy.policy_rules",
        **{name: f"intermediate.{model}" for name, model in DECISION_MODELS.items()},
        "links": f"({render('select_links', _LINKS, '(select ops.as_of())')})",
    }


def _put(connection: psycopg.Connection, questions: Iterable[Question]) -> str:
    names = [field.name for field in fields(Question)]
    connection.execute("drop table if exists pg_temp.decision_questions")
    connection.execute(
        """
        create temporary table decision_questions (
            question_id bigint, identity text, contact_point text, channel text, purpose text, valid_at timestamptz,
            known_at timestamptz, recipient text, controller text, product_family text, check_hours boolean,
            jurisdiction text, ledger text
        )
        on commit drop
        """
    )
    statement = sql.SQL("copy pg_temp.decision_questions (question_id, {}) from stdin").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for question_id, question in enumerate(questions):
            copy.write_row((question_id, *(getattr(question, name) for name in names)))
    connection.execute("analyze pg_temp.decision_questions")
    return "pg_temp.decision_questions"
