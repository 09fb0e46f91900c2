"""Whom an export is about: a named segment of the house, a segment of customer_360, or a question in SQL."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle.errors import EXIT_USAGE, CercleError
from cercle.settings import Settings

__all__ = ["Segment", "fill_segment", "read_segment"]

_SQL = re.compile(r"\s*(--[^\n]*\n\s*)*(select|with)\s", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Segment:
    """A segment.

    Attributes:
        label: what the record of the export says: its name, or `sql:` and a digest, since SQL may quote a person.
        query: SQL with a column customer_id.
    """

    label: str
    query: str


def read_segment(settings: Settings, text: str) -> Segment:
    """Return the segment that someone asked for.

    Args:
        settings: the project, whose folder segments/ holds NAME.sql.
        text: SQL that begins with select or with, or a name: of a file in segments/, `all`, or a value of
            customer_360.segment.

    Raises:
        CercleError: it is neither.
    """
    if _SQL.match(text):
        return _of_sql(text)
    if not _NAME.fullmatch(text):
        raise CercleError(
            "A segment is a name in lower case, or SQL that gives customer_id",
            where="--segment",
            remedy="Write for example: --segment champions",
            exit_code=EXIT_USAGE,
        )
    path = settings.project_dir / "segments" / f"{text}.sql"
    if path.is_file():
        return Segment(text, path.read_text(encoding="utf-8").strip().rstrip(";"))
    if text == "all":
        return Segment(text, "select customer_id from marts.customer_360")
    return Segment(text, f"select customer_id from marts.customer_360 where segment = '{text}'")


def fill_segment(connection: psycopg.Connection, segment: Segment) -> int:
    """Fill pg_temp.export_customers with the segment's customers, retired ids by their successors.

    The SQL may read and nothing else, and only one statement of it.

    Returns:
        How many customers.

    Raises:
        CercleError: the SQL is refused, gives no customer_id, or finds nobody.
    """
    connection.execute("create temporary table export_asked (customer_id text) on commit drop")
    statement = sql.SQL(
        "insert into pg_temp.export_asked select customer_id from (\n{}\n) as segment"
    ).format(sql.SQL(segment.query))
    try:
        with connection.transaction():
            connection.execute("set transaction read only")
            # Prepared: the protocol then takes one statement, whatever the text holds.
            connection.execute(statement, prepare=True)
    except psycopg.Error as error:
        raise CercleError(
            f"The segment cannot be asked ({type(error).__name__})",
            where=segment.label,
            remedy="It is one SQL question that gives customer_id, and changes nothing",
            exit_code=EXIT_USAGE,
        ) from None
    connection.execute(
        """
        create temporary table export_customers on commit drop as
        select customer_id
        from pg_temp.export_asked
        inner join marts.customer_360 using (customer_id)

        union

        select customers.customer_id
        from pg_temp.export_asked as asked
        inner join identity.redirects
            on redirects.kind = 'customer'
            and asked.customer_id = redirects.retired_id
            and redirects.known_to = 'infinity'
        inner join marts.customer_360 as customers
            on identity.resolve('customer', asked.customer_id) = customers.customer_id
        """
    )
    connection.execute("analyze pg_temp.export_customers")
    row = connection.execute("select count(*) from pg_temp.export_customers").fetchone()
    count = int(row[0]) if row else 0
    if count == 0:
        raise CercleError(
            "The segment has no customer",
            where=segment.label,
            remedy="Look at its name: it is a file segments/NAME.sql, all, or a value of customer_360.segment",
        )
    return count


def _of_sql(text: str) -> Segment:
    query = text.strip().rstrip(";")
    return Segment(f"sql:{hashlib.sha256(query.encode()).hexdigest()[:16]}", query)
