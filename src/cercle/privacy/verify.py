"""Searching the whole database for a person's clear values: after an erasure there must be none.

Every table, also of other people's schemas, is streamed out as text (or all of it through pg_dump) and searched in
blocks; the planner's statistics are searched too. Telephone numbers are found in any spelling, letters in either case.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cercle import db
from cercle.errors import CercleError
from cercle.postgres_binaries import find_binaries
from cercle.privacy.pseudonyms import split_contact_point
from cercle.privacy.tombstones import spelling_forms
from cercle.settings import Settings

__all__ = ["Found", "Needle", "read_needles", "search_database", "search_dump"]

_BLOCK_BYTES = 1 << 20
# What people write between the digits of a number; a no-break space is two bytes in UTF-8.
_BETWEEN_DIGITS = b" .-()/\xc2\xa0"
_SHORTEST = 4
_SHORTEST_NUMBER = 8
_COPY = re.compile(rb'^COPY ("?[^" .]+"?\."?[^" (]+"?) \(')
_STATISTICS = "pg_catalog.pg_stats"


@dataclass(frozen=True)
class Needle:
    """A value that is searched for. Its repr does not show it.

    Attributes:
        line: where it stood in the list, from 1.
        kind: email, tel, or text.
        texts: any of these as bytes in lower case, or the national digits of a number.
    """

    line: int
    kind: str
    texts: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Needle({self.line}, {self.kind!r})"


@dataclass(frozen=True)
class Found:
    """Rows of a relation that hold a value.

    Attributes:
        line: the value's place in the list.
        row_count: rows (of a dump: lines).
    """

    relation: str
    line: int
    kind: str
    row_count: int


def read_needles(lines: Iterable[str], region: str = "FR") -> list[Needle]:
    """Read values, one in a line: `email:…`, `tel:…`, or any other text as it is.

    Args:
        lines: empty ones and those that begin with # are left out.
        region: country of numbers without a country code.

    Raises:
        CercleError: a value is too short to be searched for, or there is none.
    """
    needles = []
    for place, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        kind, value = split_contact_point(text)
        kind = kind if kind in ("email", "tel") else "text"
        texts = _number_texts(value, region) if kind == "tel" else _texts(value if kind == "email" else text)
        if not texts:
            raise CercleError(
                f"The value in line {place} is too short to be searched for",
                remedy=f"A text needs {_SHORTEST} characters, a number {_SHORTEST_NUMBER} digits",
            )
        needles.append(Needle(place, kind, texts))
    if not needles:
        raise CercleError("There is nothing to search for", remedy="Give one value in each line")
    return needles


def search_database(settings: Settings, needles: Sequence[Needle], on_relation: object = None) -> list[Found]:
    """Search every table and materialized view of the database, and the planner's statistics.

    Args:
        settings: where the database is; the role must be allowed to read all of it.
        needles: what to search for.
        on_relation: called with the name of each relation before it is searched.
    """
    found: list[Found] = []
    with db.connect(settings) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        for schema, name in _relations(connection):
            relation = f"{schema}.{name}"
            if callable(on_relation):
                on_relation(relation)
            statement: sql.Composed | sql.SQL = sql.SQL("copy (select * from {}) to stdout").format(
                sql.Identifier(schema, name)
            )
            found += _search(relation, _copy_blocks(connection, statement), needles)
        statistics = sql.SQL(
            "copy (select schemaname, tablename, attname, most_common_vals, histogram_bounds, most_common_elems "
            "from pg_stats where schemaname not in ('pg_catalog', 'information_schema')) to stdout"
        )
        found += _search(_STATISTICS, _copy_blocks(connection, statistics), needles)
    return found


def search_dump(settings: Settings, needles: Sequence[Needle]) -> list[Found]:
    """Search a pg_dump of the whole database as it streams by; nothing of it is written to disk.

    Raises:
        CercleError: pg_dump is not there, or ends with an error.
    """
    program = find_binaries().program("pg_dump")
    try:
        with subprocess.Popen(
            [program, "--format=plain", "--no-owner"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=db.program_environment(settings),
        ) as process:
            assert process.stdout is not None
            found = _merge(
                hit
                for relation, block in _dump_blocks(iter(lambda: process.stdout.read(_BLOCK_BYTES), b""))  # type: ignore[union-attr]
                for hit in _search(relation, [block], needles)
            )
    except OSError as error:
        raise CercleError(
            f"pg_dump cannot be run: {type(error).__name__}", where=program, remedy="Verify without --dump"
        ) from None
    if process.returncode:
        raise CercleError(
            f"pg_dump ended with code {process.returncode}",
            where=program,
            remedy="Its version must not be older than the server's; verify without --dump otherwise",
        )
    return found


def _texts(value: str) -> tuple[bytes, ...]:
    text = " ".join(value.split()).lower()
    if len(text) < _SHORTEST:
        return ()
    forms = {text, text.replace(" ", "_"), text.replace(" ", "."), text.replace("@", "%40")}
    return tuple(sorted(form.encode() for form in forms))


def _number_texts(value: str, region: str) -> tuple[bytes, ...]:
    """The national digits alone: with or without country code, in whatever grouping, they are in the text."""
    forms = spelling_forms("tel", value, region)
    if not forms:
        return ()
    import phonenumbers

    try:
        national = str(phonenumbers.parse(forms[-1], region).national_number)
    except phonenumbers.NumberParseException:
        national = forms[-1].lstrip("+")
    return (national.encode(),) if len(national) >= _SHORTEST_NUMBER else ()


def _relations(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        """
        select pg_namespace.nspname, pg_class.relname
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_class.relkind in ('r', 'p', 'm')
            and not pg_class.relispartition
            and pg_class.relispopulated
            and pg_namespace.nspname not in ('pg_catalog', 'information_schema')
            and pg_namespace.nspname !~ '^pg_(toast|temp)'
        order by 1, 2
        """
    ).fetchall()


def _copy_blocks(connection: psycopg.Connection, statement: sql.Composed | sql.SQL) -> Iterator[bytes]:
    """The rows of a COPY in blocks of whole lines."""
    lines: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            lines.append(bytes(row))
            size += len(row)
            if size >= _BLOCK_BYTES:
                yield b"".join(lines)
                lines, size = [], 0
    if lines:
        yield b"".join(lines)


def _dump_blocks(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """Whole lines of a dump, with the relation whose COPY they are in."""
    relation, rest = "(definitions)", b""
    for chunk in chunks:
        text, newline, tail = (rest + chunk).rpartition(b"\n")
        rest = tail
        block: list[bytes] = []
        for line in (text + newline).splitlines(keepends=True):
            start = _COPY.match(line)
            if start is not None or line == b"\\.\n":
                yield relation, b"".join(block)
                block = []
                relation = start[1].decode().replace('"', "") if start is not None else "(definitions)"
            block.append(line)
        yield relation, b"".join(block)
    yield relation, rest


def _search(relation: str, blocks: Iterable[bytes], needles: Sequence[Needle]) -> list[Found]:
    counts: dict[Needle, int] = {}
    for block in blocks:
        for needle in needles:
            folded = _fold(block, needle.kind)
            if any(text in folded for text in needle.texts):
                rows = sum(any(text in line for text in needle.texts) for line in folded.split(b"\n"))
                counts[needle] = counts.get(needle, 0) + rows
    return [Found(relation, needle.line, needle.kind, count) for needle, count in counts.items() if count]


def _fold(block: bytes, kind: str) -> bytes:
    if kind == "tel":
        return block.translate(None, delete=_BETWEEN_DIGITS)
    # Letters beyond ASCII have two cases too; a block that is no UTF-8 cannot come from our databases.
    return block.lower() if block.isascii() else block.decode("utf-8", "replace").lower().encode()


def _merge(found: Iterable[Found]) -> list[Found]:
    counts: dict[tuple[str, int, str], int] = {}
    for hit in found:
        place = (hit.relation, hit.line, hit.kind)
        counts[place] = counts.get(place, 0) + hit.row_count
    return [Found(*place, count) for place, count in sorted(counts.items())]
