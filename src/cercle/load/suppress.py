"""Tombstones: rows of an erased person stay out, in whatever spelling an old file has them (rule R12)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import psycopg

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.rules import identifier, literal
from cercle.load.statements import INCOMING, Statements
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey, split_contact_point
from cercle.privacy.tombstones import TombstoneIndex
from cercle.settings import Settings
from cercle.sources import Source

__all__ = [
    "RECORD_KIND",
    "REFERENCES",
    "WORD",
    "Suppression",
    "identifier_columns",
    "order_handle",
    "payload_mentions",
    "record_key",
]

REASON = "A tombstone matches an identifier of the row."
_AT_ONCE = 5_000
# Identifiers of a person by semantic type. An address is none: others live there too.
_KINDS = {
    "email": "email",
    "phone": "tel",
    "account_ref": "social",
    "customer_ref": IDENTITY_KIND,
    "contact_point": "",
}
# References to another person: cleared where that one was erased; the row is not his or hers.
REFERENCES = {"other_customer_ref": IDENTITY_KIND, "other_account_ref": "social"}
# A source record by its own key: many records of an erased person carry no identifier.
RECORD_KIND = "record"
_LOYALTY = "loyalty_id"
_EMAIL = re.compile(r"[^\s\",;<>|]+@[^\s\",;<>|]+")
# A customer or card number, as a word of its own in a row that cannot be read.
_NUMBER = re.compile(r"[\w-]*\d[\w-]*")
WORD = "word:"
_PHONE = re.compile(r"[+0(][\d\s().\u00a0-]{7,22}\d")


class Suppression:
    """Keeps rows of erased persons out of one load."""

    def __init__(self, index: TombstoneIndex, source: Source) -> None:
        self._index = index
        self._source = source
        self._region = source.region or "FR"

    @classmethod
    def load(cls, connection: psycopg.Connection, settings: Settings, source: Source) -> Suppression:
        """Read the tombstones.

        Raises:
            CercleError: one was made under a version of the secret that is not there, so it would not be recognised.
        """
        exists = connection.execute("select to_regclass('privacy.tombstones') is not null").fetchone()
        if not (exists and exists[0]):
            return cls(TombstoneIndex([], {}), source)
        index = TombstoneIndex.load(connection, PseudonymKey.every(settings))
        if index.unknown_versions:
            raise CercleError(
                f"Erased persons are known under version {', '.join(sorted(index.unknown_versions))} of the secret, "
                "which is not there; without it they would come back",
                where="CERCLE_HMAC_KEYS",
                remedy="Keep old versions of the secret in it, before the current one",
            )
        return cls(index, source)

    def __bool__(self) -> bool:
        """Whether anybody was erased."""
        return bool(self._index)

    def mentions(self, payload: str | None) -> bool:
        """Whether a row that cannot be read names an erased person's mailbox, number or customer number."""
        return payload_mentions(self._index, payload, self._region)

    def clear_references(self, connection: psycopg.Connection, statements: Statements) -> None:
        """Clear what incoming rows of others say of an erased person: who referred them, whom they answered."""
        if not self._index:
            return
        for column in statements.present:
            kind = REFERENCES.get(column.semantic_type or "")
            if kind is None:
                continue
            place = statements.incoming_column(column.name)
            prefix = f"{self._source.name}:" if kind == IDENTITY_KIND else ""
            rows = connection.execute(
                f"select distinct {place} from {INCOMING} where {place} is not null".encode()
            ).fetchall()
            erased = [value for (value,) in rows if self._index.erased_at(kind, f"{prefix}{value}")]
            if erased:
                connection.execute(
                    f"update {INCOMING} set {place} = null where {place} = any(%s)".encode(), (erased,)
                )

    def suppress(
        self, connection: psycopg.Connection, statements: Statements, load_id: int
    ) -> tuple[int, dict[str, str]]:
        """Find the incoming rows that a tombstone keeps out; they are left in pg_temp.cercle_suppressed.

        A row is kept out when any of its identifiers matches, unless it dates from after the erasure and was
        collected from the person.

        Args:
            connection: in the load's transaction.
            statements: careful ones, of the file.
            load_id: of the load.

        Returns:
            How many, and the sums of their readable amounts.
        """
        identifiers = _identifiers(statements, self._source.name)
        if not self._index or not identifiers:
            return 0, {}
        connection.execute(
            "create temporary table cercle_erased (place integer, original text, erased_at timestamptz) on commit drop"
        )
        places = [
            (place, expression)
            for place, (kind, expression) in enumerate(identifiers)
            if self._match(connection, statements, place, kind, expression)
        ]
        if not places:
            connection.execute("drop table pg_temp.cercle_erased")
            return 0, {}
        matches = " union all ".join(
            f"select prepared._tid, erased.erased_at from ({statements.prepared} offset 0) as prepared "
            f"inner join pg_temp.cercle_erased as erased on erased.place = {place} and erased.original = {expression}"
            for place, expression in places
        )
        connection.execute(
            f"""
            create temporary table cercle_suppressed on commit drop as
            with matched as (
                select _tid, max(erased_at) as erased_at from ({matches}) as matches group by _tid
            )

            select prepared._tid, prepared._line{statements.readable_amounts}
            from ({statements.prepared} offset 0) as prepared
            inner join matched on prepared._tid = matched._tid
            where not coalesce({_is_new(statements)}, false)
            """
        )
        connection.execute(
            f"insert into ops.suppressed_rows (load_id, line, reason) "
            f"select {load_id}, _line, {literal(REASON)} from pg_temp.cercle_suppressed on conflict do nothing"
        )
        row = connection.execute(
            f"select count(*), {statements.sums()} from pg_temp.cercle_suppressed"
        ).fetchone()
        assert row is not None
        connection.execute("drop table pg_temp.cercle_erased")
        connection.execute("analyze pg_temp.cercle_suppressed")
        return row[0], row[1]

    def _match(
        self, connection: psycopg.Connection, statements: Statements, place: int, kind: str, expression: str
    ) -> bool:
        """Note the values of one identifier that are an erased person's; tell whether there are any."""
        has_match = False
        query = (
            f"select distinct {expression} from ({statements.prepared} offset 0) as prepared "
            f"where {expression} is not null"
        )
        with connection.cursor(name="cercle_identifiers") as cursor, connection.cursor() as writer:
            cursor.execute(query)
            while rows := cursor.fetchmany(_AT_ONCE):
                with writer.copy("copy pg_temp.cercle_erased from stdin") as copy:
                    for original, erased_at in self._erased(kind, (row[0] for row in rows)):
                        copy.write_row((place, original, erased_at))
                        has_match = True
        return has_match

    def _erased(self, kind: str, originals: Iterator[str]) -> Iterator[tuple[str, object]]:
        for original in originals:
            this_kind, value = (kind, original) if kind else split_contact_point(original)
            erased_at = self._index.erased_at(this_kind, value, self._region)
            if erased_at is not None:
                yield original, erased_at


def payload_mentions(index: TombstoneIndex, payload: str | None, region: str) -> bool:
    """Tell whether a row as text names an erased person: by mailbox, telephone, or customer number.

    Args:
        index: the tombstones.
        payload: the row as it stands in its file.
        region: country of telephone numbers without a country code.
    """
    if not payload or not index:
        return False
    return (
        any(index.erased_at("email", address.strip(".'")) for address in _EMAIL.findall(payload))
        or any(index.erased_at("tel", number, region) for number in _PHONE.findall(payload))
        or any(index.erased_at(RECORD_KIND, WORD + word) for word in set(_NUMBER.findall(payload)))
    )


def _identifiers(statements: Statements, source: str) -> list[tuple[str, str]]:
    """Kind and SQL of each identifier of a person in a prepared row, the record's own key and its order among them."""
    entity, own = statements.entity, literal(source)
    names = {column.name for column in statements.present}
    found = identifier_columns(entity, names, "prepared", own)
    key = record_key(entity, "prepared", own) if names.issuperset(_key_names(entity)) else None
    if key is not None and found:
        found.append((RECORD_KIND, key))
    order = order_handle(entity)
    if order in names:
        found.append((RECORD_KIND, f"('orders:' || {own} || ':' || prepared.{identifier(str(order))})"))
    return found


def identifier_columns(
    entity: Entity, names: Collection[str] | None = None, relation: str = "rows", own: str = "rows._source"
) -> list[tuple[str, str]]:
    """Return kind and SQL of each identifier of a person in a row; the kind is empty where the value names it.

    Args:
        entity: whose columns.
        names: columns that there are; None for all.
        relation: alias of the rows.
        own: SQL of the source instance.
    """
    present = {column.name for column in entity.columns} if names is None else names
    found: list[tuple[str, str]] = []
    for column in entity.columns:
        if column.name not in present:
            continue
        value = f"{relation}.{identifier(column.name)}"
        if column.semantic_type == _LOYALTY:
            found.append((IDENTITY_KIND, f"('loyalty:' || {own} || ':' || {value})"))
            continue
        kind = _KINDS.get(column.semantic_type or "")
        if kind is None:
            continue
        if kind == IDENTITY_KIND:
            system = next((name for name in ("customer_source", "source_system") if name in present), None)
            named = f"coalesce({relation}.{identifier(system)}, {own})" if system else own
            value = f"({named} || ':' || {value})"
        found.append((kind, value))
    return found


def record_key(entity: Entity, relation: str = "rows", own: str = "rows._source") -> str | None:
    """Return SQL of a row's record key, `entity:source:key`, as staging writes it; None where there is no key."""
    names = _key_names(entity)
    if not names:
        return None
    keys = " || ':' || ".join(f"{relation}.{identifier(name)}::text" for name in names)
    return f"({literal(f'{entity.name}:')} || {own} || ':' || {keys})"


def order_handle(entity: Entity) -> str | None:
    """Return the column by which rows without any identifier of a person hang on an order; None where there is none."""
    if identifier_columns(entity):
        return None
    return next((column.name for column in entity.columns if column.semantic_type == "order_id"), None)


def _key_names(entity: Entity) -> list[str]:
    return [column.name for column in entity.key_columns]


def _is_new(statements: Statements) -> str:
    """SQL: the row dates from after the erasure, and the contract says that it was collected from the person."""
    entity = statements.entity
    moment, rule = entity.occurred_at_column, entity.collected_from_subject
    names = {column.name for column in statements.present}
    if moment not in names or rule is None:
        return "false"
    when = f"{statements.readable_moment(entity.column(str(moment)))} > matched.erased_at"
    if rule == "always":
        return when
    name, _, value = rule.partition("=")
    return f"({when} and {_equals(entity, name, value)})" if name in names else "false"


def _equals(entity: Entity, name: str, value: str) -> str:
    column = f"prepared.{identifier(name)}"
    if entity.column(name).data_type == "boolean":
        truths = (
            "('true', 't', 'yes', 'y', 'on', '1')"
            if value == "true"
            else "('false', 'f', 'no', 'n', 'off', '0')"
        )
        return f"lower({column}) in {truths}"
    return f"{column} = {literal(value)}"
