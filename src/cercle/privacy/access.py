"""Subject access (GDPR 15, 20): everything that is held of a person, as a page to read and as JSON.

The rows are found by the very code that erases: what an answer shows and what an erasure deletes are the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cercle import db
from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.rules import identifier, literal
from cercle.privacy import access_sql
from cercle.privacy.erasure_person import Person, find_person_to_erase, keep_keys
from cercle.privacy.erasure_raw import find_rows, found_rows
from cercle.privacy.pseudonyms import PseudonymKey
from cercle.privacy.staged_records import make_staged_views
from cercle.publish.catalog import published_marts
from cercle.settings import Settings
from cercle.sources import entities_with_tables

__all__ = ["FORMAT", "Holding", "SubjectAccess", "read_access", "write_access"]

FORMAT = "cercle.subject_access/1"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Holding:
    """Rows that one relation holds of the person.

    Attributes:
        description: of the relation, from its contract.
        columns: name -> description.
    """

    relation: str
    description: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class SubjectAccess:
    """The answer to a request for access. Its repr shows no value.

    Attributes:
        delivered: rows as sources delivered them, each with source, file and time of loading.
        derived: what the warehouse made of them.
        consent_events: the person's history in the ledger.
        decisions: what is allowed today, on what ground, with the rule's citation.
        recipients: files that left with the person in them.
        requests: of the person, with their answers.
    """

    customer_id: str
    made_at: datetime
    delivered: Sequence[Holding]
    derived: Sequence[Holding]
    consent_events: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    recipients: Sequence[Mapping[str, Any]]
    requests: Sequence[Mapping[str, Any]]

    def __repr__(self) -> str:
        return f"SubjectAccess({self.customer_id!r})"

    @property
    def row_count(self) -> int:
        """Rows that are held."""
        return sum(len(holding.rows) for holding in (*self.delivered, *self.derived))


def read_access(settings: Settings, customer_id: str) -> SubjectAccess:
    """Read everything that is held of a person, in one transaction that changes nothing.

    Args:
        settings: the database and the secret.
        customer_id: c_…, a retired one too.

    Raises:
        CercleError: there is no such customer.
    """
    keys = PseudonymKey.every(settings)
    with db.connect(settings) as connection:
        person = find_person_to_erase(connection, customer_id, None)
        keep_keys(connection, person, keys)
        entities = entities_with_tables(connection)
        make_staged_views(connection, settings)
        find_rows(connection, entities, person, keys)
        access_sql.keep_ledger_keys(connection)
        access = SubjectAccess(
            customer_id=str(person.customer_id),
            made_at=datetime.now(UTC),
            delivered=[holding for entity in entities if (holding := _delivered(connection, entity)).rows],
            derived=_derived(connection, person),
            consent_events=_rows(connection, access_sql.CONSENT_EVENTS),
            decisions=_rows(connection, access_sql.DECISIONS),
            recipients=_rows(connection, access_sql.RECIPIENTS),
            requests=_rows(connection, access_sql.REQUESTS),
        )
        connection.rollback()
    return access


def write_access(access: SubjectAccess, folder: Path) -> list[Path]:
    """Write access.json and access.html into a new folder that nobody else can read.

    Raises:
        CercleError: the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise CercleError("This folder is not empty", where=str(folder), remedy="Name a new one")
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    document = {"format": FORMAT, **_plain(vars(access))}
    texts = {
        "access.json": json.dumps(document, ensure_ascii=False, indent=2),
        "access.html": _render(access),
    }
    paths = []
    for name, text in texts.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _delivered(connection: psycopg.Connection, entity: Entity) -> Holding:
    names = ", ".join(f"rows.{identifier(column.name)}" for column in entity.columns)
    rows = _rows(
        connection,
        f"""
        select {names}, rows._source as "source", loads.file_name as "file", loads.loaded_at as "loaded_at"
        from (select * from {found_rows(entity)}) as rows
        inner join ops.loads on rows._load_id = loads.load_id
        order by rows._load_id, rows._line
        """,
    )
    columns = {column.name: column.description for column in entity.columns}
    return Holding(entity.raw_relation, entity.description, columns, rows)


def _derived(connection: psycopg.Connection, person: Person) -> list[Holding]:
    """Rows of the marts under the customer; texts of interactions stand with what was delivered already."""
    holdings = []
    for relation, mart in published_marts(connection).items():
        handles = [column.name for column in mart.columns if column.entity == "customer"]
        if not handles or relation in access_sql.NOT_DERIVED:
            continue
        ids = ", ".join(literal(customer_id) for customer_id in person.customer_ids)
        condition = " or ".join(f"{identifier(name)} in ({ids})" for name in handles)
        rows = _rows(connection, f"select * from {identifier('marts', relation)} where {condition}")
        if rows:
            columns = {column.name: column.description for column in mart.columns}
            holdings.append(Holding(f"marts.{relation}", mart.description, columns, rows))
    return holdings


def _rows(connection: psycopg.Connection, query: str) -> list[dict[str, Any]]:
    """Rows without their nulls."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query.encode()).fetchall()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def _plain(value: object) -> Any:
    """A value as JSON has it; amounts as decimal texts."""
    if isinstance(value, Holding):
        return _plain(vars(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _render(access: SubjectAccess) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["plain"] = _plain
    return environment.get_template("access.html.j2").render(access=access)
