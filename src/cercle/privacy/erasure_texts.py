"""Free text of other people that quotes an erased person: the mailbox, number or card in it is replaced.

The row stays its writer's, and its hash stays too: the same row of an old file is still known, so the old text does
not come back with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import phonenumbers
import psycopg

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.normalise import normalise
from cercle.load.rules import identifier
from cercle.privacy.erasure_catalog import Target
from cercle.privacy.erasure_derived import RelationCount
from cercle.privacy.erasure_person import Person
from cercle.privacy.pseudonyms import IDENTITY_KIND

__all__ = ["quote_pattern", "replace_quotes", "replace_quotes_in_raw"]

_REPLACEMENT = "[…]"
# Within JSON the replacement may stand where a number stood.
_JSON_REPLACEMENT = "0"
_BETWEEN_DIGITS = "[ .()/\u00a0-]*"
_SHORTEST_NUMBER = 8
_SHORTEST_REFERENCE = 6
_GMAIL = re.compile(r"(.+)@(?:gmail|googlemail)\.com")
# What cannot name anybody need not be compared.
_MAY_QUOTE = "[@0-9]"


def quote_pattern(person: Person, spellings: Iterable[tuple[str, str]]) -> str | None:
    """Return a regular expression of PostgreSQL, for any case, that finds the person's own identifiers in a text.

    Args:
        person: with own identifiers in normal form.
        spellings: kind and text of identifiers as the person's rows wrote them, those of others among them.

    Returns:
        None where the person has nothing that a text could quote.
    """
    values = {(held.kind, held.value) for held in person.own}
    mailboxes = {value for kind, value in values if kind == "email"}
    # A domain with accents is written otherwise than in its normal form. What a family shares stays in its texts.
    mailboxes |= {
        text.strip().lower()
        for kind, text in spellings
        if kind == "email" and ("email", normalise("email", text).value) in values
    }
    found = [_mailbox(value) for value in sorted(mailboxes)]
    found += [_number(value) for kind, value in sorted(values) if kind == "tel"]
    found += [_reference(value) for kind, value in sorted(values) if kind == IDENTITY_KIND]
    return "|".join(pattern for pattern in found if pattern) or None


def replace_quotes_in_raw(
    connection: psycopg.Connection, entities: Iterable[Entity], pattern: str
) -> list[RelationCount]:
    """Replace what the pattern finds in free texts of raw, and count the files that brought them as files that held.

    Args:
        connection: with erased_files; after the person's own rows were deleted.
        entities: that have a raw table.
        pattern: of `quote_pattern`.

    Raises:
        CercleError: a text still quotes the person.
    """
    counts = []
    for entity in entities:
        columns = [column.name for column in entity.columns if column.semantic_type == "free_text"]
        table = identifier("raw", entity.relation)
        condition = _quotes(columns, is_raw=True)
        row = connection.execute(
            f"""
            with changed as (
                update {table} set {_replaced(columns, is_raw=True)} where {condition} returning _load_id
            ),

            files as (
                insert into erased_files
                select _load_id, 'held', count(*) from changed group by _load_id
                on conflict (load_id) do update set
                    certainty = 'held', row_count = erased_files.row_count + excluded.row_count
            )

            select count(*) from changed
            """.encode(),
            {"pattern": pattern},
        ).fetchone()
        if row and row[0]:
            counts.append(_counted_again(connection, entity.raw_relation, table, condition, pattern, row[0]))
    return counts


def replace_quotes(
    connection: psycopg.Connection, entities: Iterable[Entity], targets: Sequence[Target], pattern: str
) -> list[RelationCount]:
    """As `replace_quotes_in_raw`, in the tables that are not made anew by every build: texts keep their columns' names.

    Args:
        connection: after the person's rows were deleted.
        entities: whose free texts the tables may have.
        targets: of the catalogue.
        pattern: of `quote_pattern`.

    Raises:
        CercleError: a text still quotes the person.
    """
    names = {
        column.name for entity in entities for column in entity.columns if column.semantic_type == "free_text"
    }
    counts = []
    for relation, columns in _text_columns(connection, targets, names):
        table, condition = identifier(*relation.split(".", 1)), _quotes(columns)
        changed = connection.execute(
            f"update {table} set {_replaced(columns)} where {condition}".encode(), {"pattern": pattern}
        ).rowcount
        if changed:
            counts.append(_counted_again(connection, relation, table, condition, pattern, changed))
    return counts


def _text_columns(
    connection: psycopg.Connection, targets: Sequence[Target], names: set[str]
) -> list[tuple[str, list[str]]]:
    return connection.execute(
        """
        select
            relations.name,
            array_agg(pg_attribute.attname::text order by pg_attribute.attnum)
        from unnest(%s::text[]) as relations (name)
        inner join pg_attribute
            on to_regclass(relations.name) = pg_attribute.attrelid
            and pg_attribute.attname = any(%s)
            and pg_attribute.atttypid = 'text'::regtype
        group by relations.name
        order by relations.name
        """,
        ([target.relation for target in targets], sorted(names)),
    ).fetchall()


def _quotes(columns: Iterable[str], is_raw: bool = False) -> str:
    """SQL: one of the texts quotes the person."""
    texts = [identifier(name) for name in columns] + (["_extra::text"] if is_raw else [])
    return " or ".join(f"({text} ~ '{_MAY_QUOTE}' and {text} ~* %(pattern)s)" for text in texts)


def _replaced(columns: Iterable[str], is_raw: bool = False) -> str:
    """SQL: what `set` assigns."""
    replaced = [
        f"{identifier(name)} = regexp_replace({identifier(name)}, %(pattern)s, '{_REPLACEMENT}', 'gi')"
        for name in columns
    ]
    if is_raw:
        replaced.append(
            f"_extra = regexp_replace(_extra::text, %(pattern)s, '{_JSON_REPLACEMENT}', 'gi')::jsonb"
        )
    return ", ".join(replaced)


def _counted_again(
    connection: psycopg.Connection, relation: str, table: str, condition: str, pattern: str, before: int
) -> RelationCount:
    row = connection.execute(
        f"select count(*) from {table} where {condition}".encode(), {"pattern": pattern}
    ).fetchone()
    after = int(row[0]) if row else 0
    if after:
        raise CercleError(f"{after} texts still quote the person", where=relation)
    return RelationCount(relation, "cleared", before, after)


def _mailbox(value: str) -> str:
    gmail = _GMAIL.fullmatch(value)
    if gmail is None:
        return f"(?<![[:alnum:]._%+-]){_literal(value)}(?![[:alnum:]-])"
    # Google reads neither dots nor what stands behind a plus sign.
    letters = [_literal(letter) for letter in gmail[1].partition("+")[0] if letter != "."]
    local = r"\.?".join(letters)
    return rf"(?<![[:alnum:]._%+-]){local}(\+[^@[:space:]]*)?@(gmail|googlemail)\.com(?![[:alnum:]-])"


def _number(value: str) -> str:
    """The number in any grouping, with or without country code and trunk zero."""
    number = phonenumbers.parse(value, None)
    national = phonenumbers.national_significant_number(number)
    if len(national) < _SHORTEST_NUMBER:
        return ""
    between = _BETWEEN_DIGITS
    code = between.join(str(number.country_code))
    prefix = rf"(?:(?:\+|00){between}{code}{between}(?:0{between})?|0{between})?"
    return prefix + between.join(national)


def _reference(value: str) -> str:
    """A customer or card number that is long enough to be nothing else."""
    number = value.rpartition(":")[2]
    is_telling = len(number) >= _SHORTEST_NUMBER or not number.isdigit()
    if len(number) < _SHORTEST_REFERENCE or not is_telling:
        return ""
    return f"(?<![[:alnum:]]){_literal(number)}(?![[:alnum:]])"


def _literal(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text)
