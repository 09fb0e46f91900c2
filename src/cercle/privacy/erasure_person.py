"""Who is to be erased: the customer with every id that ever led there, source records, and identifiers.

An identifier is the person's own when nobody else uses it. Own ones become tombstones and find rows that no build has
linked yet; those that a family or a company shares stay with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from cercle.errors import CercleError
from cercle.load.normalise import normalise
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, split_contact_point

__all__ = ["IDENTIFIER_KINDS", "Identifier", "Person", "find_person_to_erase", "keep_keys"]

# Type of identifier in customer_identifiers -> kind of tombstone.
IDENTIFIER_KINDS = {
    "email": "email",
    "phone": "tel",
    "account_ref": "social",
    "customer_ref": IDENTITY_KIND,
    "loyalty_id": IDENTITY_KIND,
}
_LOYALTY = "loyalty"
_TYPE_OF_POINT = {"email": "email", "tel": "phone", "social": "account_ref"}


@dataclass(frozen=True)
class Identifier:
    """An identifier of the person in normal form. Its repr shows the kind alone.

    Attributes:
        kind: of tombstone: email, tel, social or ref.
        value: of a ref `source:number`, of a loyalty card `loyalty:source:number`.
    """

    kind: str
    value: str

    def __repr__(self) -> str:
        return f"Identifier({self.kind!r})"


@dataclass(frozen=True)
class Person:
    """Whom an erasure is about.

    Attributes:
        customer_id: that stands today; None where nobody made a customer of the contact point.
        customer_ids: with all retired ids that lead to it.
        own: identifiers that nobody else uses.
        shared_count: identifiers that others use too.
    """

    customer_id: str | None
    customer_ids: tuple[str, ...]
    own: tuple[Identifier, ...]
    shared_count: int

    def __repr__(self) -> str:
        return f"Person({self.customer_id!r})"

    def values(self, kind: str) -> list[str]:
        """Return the own identifiers of a kind."""
        return [identifier.value for identifier in self.own if identifier.kind == kind]


def find_person_to_erase(
    connection: psycopg.Connection, customer_id: str | None, contact_point: str | None, region: str = "FR"
) -> Person:
    """Find the person behind a customer id, also a retired one, or behind a contact point of one person's own.

    Args:
        connection: any.
        customer_id: c_…
        contact_point: instead: kind:value, in any spelling.
        region: country of a number without a country code.

    Raises:
        CercleError: there is no such customer; or several people use the contact point, or it cannot be read.
    """
    if _is_missing(connection, "marts.customer_identifiers"):
        raise CercleError("Nothing was published yet", remedy="Run `cercle run` first")
    if customer_id is None:
        point = _read_point(str(contact_point), region)
        customer_id = _holder(connection, point)
        if customer_id is None:
            return Person(None, (), (point,), 0)
    resolved = connection.execute("select identity.resolve('customer', %s)", (customer_id,)).fetchone()
    current = str(resolved[0]) if resolved and resolved[0] else customer_id
    known = connection.execute(
        "select 1 from identity.ids where kind = 'customer' and id = %s", (current,)
    ).fetchone()
    if known is None:
        raise CercleError("There is no such customer", where=customer_id)
    ids = connection.execute(
        """
        with recursive known_as (id) as (
            select %s::text
            union
            select redirects.retired_id
            from known_as
            inner join identity.redirects
                on redirects.kind = 'customer'
                and redirects.successor_id = known_as.id
                and redirects.known_to = 'infinity'
        )

        select id from known_as order by id
        """,
        (current,),
    ).fetchall()
    rows = connection.execute(
        """
        select
            held.identifier_type,
            held.identifier_value,
            held.is_shared or held.is_role_mailbox or exists (
                select
                from marts.customer_identifiers as other
                where other.identifier_type = held.identifier_type
                    and other.identifier_value = held.identifier_value
                    and other.customer_id <> held.customer_id
            )
        from marts.customer_identifiers as held
        where held.customer_id = %s
        """,
        (current,),
    ).fetchall()
    own = {
        _identifier(identifier_type, value)
        for identifier_type, value, is_shared in rows
        if identifier_type in IDENTIFIER_KINDS and not is_shared
    }
    shared_count = sum(bool(is_shared) for _, _, is_shared in rows)
    ordered = tuple(sorted(own, key=lambda identifier: (identifier.kind, identifier.value)))
    return Person(current, tuple(row[0] for row in ids), ordered, shared_count)


def keep_keys(connection: psycopg.Connection, person: Person, keys: Sequence[PseudonymKey]) -> None:
    """Write the person's ids, record keys and identifiers into temporary tables.

    erased_customers, erased_records, erased_identifiers (own ones, in normal form and as pseudonyms).

    Records are those that identity holds to be the customer's, and whatever the marts show under the customer: an
    answer in a conversation names the person and carries no identifier.
    """
    connection.execute(
        "create temporary table erased_customers (customer_id text primary key) on commit drop"
    )
    connection.execute("create temporary table erased_records (record_key text primary key) on commit drop")
    connection.execute("insert into erased_customers select unnest(%s::text[])", (list(person.customer_ids),))
    connection.execute("create temporary table erased_identifiers (value text primary key) on commit drop")
    values = {identifier.value.removeprefix(f"{_LOYALTY}:") for identifier in person.own}
    values |= {key.of(identifier.kind, identifier.value) for identifier in person.own for key in keys}
    connection.execute("insert into erased_identifiers select unnest(%s::text[])", (sorted(values),))
    connection.execute(
        """
        insert into erased_records
        select members.member_key
        from identity.members
        inner join erased_customers on members.id = erased_customers.customer_id
        where members.kind = 'customer' and members.known_to = 'infinity'
        """
    )
    for relation, record_key in (
        ("interactions", "interaction_id"),
        ("orders", "'orders:' || order_id"),
        ("campaign_touches", "record_key"),
    ):
        if not _is_missing(connection, f"marts.{relation}"):
            connection.execute(
                f"insert into erased_records select {record_key} from marts.{relation} "
                "where customer_id in (select customer_id from erased_customers) "
                f"and {record_key} is not null on conflict do nothing".encode()
            )


def _identifier(identifier_type: str, value: str) -> Identifier:
    kind = IDENTIFIER_KINDS[identifier_type]
    return Identifier(kind, f"{_LOYALTY}:{value}" if identifier_type == "loyalty_id" else value)


def _read_point(text: str, region: str) -> Identifier:
    kind, _ = split_contact_point(text)
    if kind not in _TYPE_OF_POINT:
        raise CercleError(
            "A contact point is written kind:value", remedy="Its kind is one of email, tel, social"
        )
    form = normalise("contact_point", text, region).key_text
    if form is None:
        raise CercleError("This contact point cannot be read", remedy="Write it as email:… or tel:+33…")
    return Identifier(kind, form)


def _holder(connection: psycopg.Connection, point: Identifier) -> str | None:
    rows = connection.execute(
        """
        select distinct customer_id, is_shared or is_role_mailbox
        from marts.customer_identifiers
        where identifier_type = %s and identifier_value = %s
        """,
        (_TYPE_OF_POINT[point.kind], point.value),
    ).fetchall()
    if len(rows) > 1 or any(is_shared for _, is_shared in rows):
        raise CercleError(
            f"{len(rows)} customers use this contact point together, and it does not say who is meant",
            remedy="Name the person: --customer c_…",
        )
    return str(rows[0][0]) if rows else None


def _is_missing(connection: psycopg.Connection, relation: str) -> bool:
    return connection.execute("select to_regclass(%s)", (relation,)).fetchone() == (None,)
