"""Reading a file into the database: vetted rows straight into raw, all others into the table of texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

import psycopg
from psycopg.copy import QueuedLibpqWriter

from cercle.load.result import Unreadable
from cercle.load.rows import RowReader, Vetted
from cercle.load.rules import literal
from cercle.load.statements import INCOMING

if TYPE_CHECKING:
    from cercle.load.vetting import Vetting

__all__ = ["EXACT", "Intake", "take_in"]

_UNREADABLE_AT_ONCE = 1_000
_DOUBTFUL_AT_ONCE = 8 << 20  # bytes
EXACT = 100  # digits of a sum


@dataclass
class Intake:
    """What was read of a file.

    Attributes:
        parsed_count: rows that were sent to the database.
        unreadable_count: rows that could not be.
        vetted_count: of those sent, how many went straight into raw.
        arrived_count: of these, how many the server has.
        vetted_sums: of these: amount -> sum.
    """

    parsed_count: int = 0
    unreadable_count: int = 0
    vetted_count: int = 0
    arrived_count: int = 0
    vetted_sums: dict[str, Decimal] = field(default_factory=dict)

    def note(self, vetted: Vetted, parsed_count: int, unreadable_count: int) -> None:
        """Add a part."""
        self.parsed_count += parsed_count
        self.unreadable_count += unreadable_count
        self.vetted_count += vetted.ready_count
        with localcontext(prec=EXACT):
            for name, amount in vetted.sums.items():
                self.vetted_sums[name] = self.vetted_sums.get(name, Decimal(0)) + amount


@contextmanager
def _without_the_drivers_word() -> Iterator[None]:
    """Keep psycopg from logging why a COPY ended: the server's message quotes the key of a row."""
    log = logging.getLogger("psycopg")
    log.addFilter(_is_not_about_a_row)
    try:
        yield
    finally:
        log.removeFilter(_is_not_about_a_row)


def _is_not_about_a_row(record: logging.LogRecord) -> bool:
    return "error ignored" not in str(record.msg)


def take_in(
    connection: psycopg.Connection,
    reader: RowReader,
    vetting: Vetting | None,
    put_aside: Callable[[list[Unreadable]], None],
    on_rows: Callable[[int], None],
) -> Intake:
    """Read a file to its end.

    Args:
        connection: in the load's transaction.
        reader: of the file.
        vetting: None sends every row into the table of texts.
        put_aside: called with rows that cannot be read, some hundred at once.
        on_rows: called now and then with the number of further rows read.
    """
    names = [f"f{i}" for i in range(len(reader.fields))]
    texts = ", ".join(f"{name} text" for name in names)
    connection.execute(f"drop table if exists {INCOMING}")
    connection.execute(f"create temporary table cercle_incoming (_line bigint, {texts}) on commit drop")
    options = f"format csv, delimiter {literal(reader.delimiter)}, force_null ({', '.join(names)})"
    into_texts = f"copy {INCOMING} from stdin ({options})"
    command = vetting.command if vetting else into_texts
    intake = Intake()
    parts = reader.parts()
    is_done = False
    is_first = (
        vetting is not None
    )  # a row that raw has already is told when a COPY ends: so the first ends soon
    while not is_done:
        is_done, unreadable, doubtful = True, list[Unreadable](), list[bytes]()
        # The writer's thread feeds the server while this one reads on.
        with connection.cursor() as cursor, _without_the_drivers_word():
            with cursor.copy(command, writer=QueuedLibpqWriter(cursor)) as copy:
                for part in parts:
                    vetted = (
                        vetting.sort(part) if vetting else Vetted(part.numbered(reader.delimiter), 0, b"")
                    )
                    if vetted.ready:
                        copy.write(vetted.ready)
                    doubtful.append(vetted.doubtful)
                    unreadable += part.unreadable
                    intake.note(vetted, part.row_count, len(part.unreadable))
                    on_rows(part.row_count + len(part.unreadable))
                    is_much = (
                        len(unreadable) >= _UNREADABLE_AT_ONCE or sum(map(len, doubtful)) >= _DOUBTFUL_AT_ONCE
                    )
                    if is_much or is_first:
                        is_done = is_first = False
                        break
            intake.arrived_count += cursor.rowcount if vetting else 0
        if any(doubtful):
            with connection.cursor() as cursor, cursor.copy(into_texts) as copy:
                copy.write(b"".join(doubtful))
        put_aside(unreadable)
    return intake
