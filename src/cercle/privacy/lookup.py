"""From what a person types (a contact point, a customer number) to the pseudonyms that decisions are asked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from cercle.errors import CercleError
from cercle.load.normalise import CONTACT_KINDS, normalise
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, fallback_form, split_contact_point

__all__ = ["find_contact_point", "find_customer", "find_person", "name_contact_point", "name_identity"]


def find_contact_point(
    connection: psycopg.Connection, key: PseudonymKey, text: str, region: str = "FR"
) -> str:
    """Return the name that the ledger has for a contact point, or would have.

    Args:
        connection: to the warehouse.
        key: the newest version of the secret.
        text: kind:value, in any spelling.
        region: country of a number without a country code.

    Raises:
        CercleError: it has no kind of ours.
    """
    kind, value = split_contact_point(text)
    if kind not in CONTACT_KINDS:
        raise CercleError(
            "A contact point is written kind:value", remedy=f"Its kind is one of {', '.join(CONTACT_KINDS)}"
        )
    form = normalise("contact_point", text, region).key_text
    pseudonym = key.of(kind, form or fallback_form(value))
    row = connection.execute(
        "select ledger_key from privacy.contact_points where contact_point_key = %s", (pseudonym,)
    ).fetchone()
    return row[0] if row else pseudonym


def find_customer(connection: psycopg.Connection, customer_id: str) -> str:
    """Return the customer that an id stands for today, also a retired one.

    Raises:
        CercleError: there is no such customer, or no build yet.
    """
    if connection.execute("select to_regclass('intermediate.int_record_customers')").fetchone() == (None,):
        raise CercleError("No build has made customers yet", remedy="Run `cercle run` first")
    row = connection.execute(
        """
        select resolved.customer_id
        from (select identity.resolve('customer', %(id)s) as customer_id) as resolved
        where exists (
            select 1
            from intermediate.int_record_customers as known
            where known.customer_id = resolved.customer_id
        )
        """,
        {"id": customer_id},
    ).fetchone()
    if row is None:
        raise CercleError("There is no such customer", where=customer_id)
    return str(row[0])


def find_person(
    connection: psycopg.Connection, key: PseudonymKey, customer_id: str | None, source_id: str | None
) -> str:
    """Return the identity to ask with: the customer, also for a retired id or a source's own number.

    Raises:
        CercleError: there is no such customer, or no build yet.
    """
    if customer_id is not None:
        return find_customer(connection, customer_id)
    if connection.execute("select to_regclass('intermediate.int_record_customers')").fetchone() == (None,):
        raise CercleError("No build has made customers yet", remedy="Run `cercle run` first")
    assert source_id is not None
    row = connection.execute(
        "select customer_id from intermediate.int_record_customers where record_key = %s",
        (f"customers:{source_id}",),
    ).fetchone()
    if row is not None:
        return str(row[0])
    pseudonym = key.of(IDENTITY_KIND, source_id)
    row = connection.execute(
        "select ledger_key from privacy.source_identities where identity_key = %s", (pseudonym,)
    ).fetchone()
    return row[0] if row else pseudonym


def name_identity(connection: psycopg.Connection, keys: Sequence[PseudonymKey], reference: str) -> str:
    """Return the name that the ledger has for a source identity, registered where it has not met it.

    Args:
        connection: in a transaction.
        keys: all versions of the secret, the newest last.
        reference: `source:number`.
    """
    pseudonyms = [key.of(IDENTITY_KIND, reference) for key in keys]
    registered = {"key_version": keys[-1].version}
    return _ledger_name(connection, ("source_identities", "identity_key"), pseudonyms, registered)


def name_contact_point(
    connection: psycopg.Connection, keys: Sequence[PseudonymKey], kind: str, value: str
) -> str:
    """As `name_identity`, for a contact point in normal form."""
    pseudonyms = [key.of(kind, value) for key in keys]
    registered = {"kind": kind, "key_version": keys[-1].version}
    return _ledger_name(connection, ("contact_points", "contact_point_key"), pseudonyms, registered)


def _ledger_name(
    connection: psycopg.Connection,
    registry: tuple[str, str],
    pseudonyms: Sequence[str],
    registered: Mapping[str, str],
) -> str:
    table, key = sql.Identifier("privacy", registry[0]), sql.Identifier(registry[1])
    row = connection.execute(
        sql.SQL("select ledger_key from {} where {} = any(%s)").format(table, key), (list(pseudonyms),)
    ).fetchone()
    if row is not None:
        return str(row[0])
    columns = sql.SQL(", ").join(map(sql.Identifier, registered))
    connection.execute(
        sql.SQL("insert into {} ({}, ledger_key, {}) values ({}) on conflict do nothing").format(
            table, key, columns, sql.SQL(", ").join([sql.Placeholder()] * (2 + len(registered)))
        ),
        (pseudonyms[-1], pseudonyms[-1], *registered.values()),
    )
    return pseudonyms[-1]
