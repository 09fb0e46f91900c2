"""A reader that never stops while the soak runs: each look must see one publication, whole, and always the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

__all__ = ["Sightings", "reading"]

_PAUSE_SECONDS = 4.0


@dataclass
class Sightings:
    """What the reader saw.

    Attributes:
        looks: how often it looked.
        publications: digest of the marts by publication.
        faults: what was not one whole publication.
        outages: moments at which the database was away or came back, with a word for which.
    """

    looks: int = 0
    publications: dict[int, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    outages: list[tuple[float, str]] = field(default_factory=list)


@contextmanager
def reading(url: str) -> Iterator[Sightings]:
    """Look at the marts every four seconds until the block ends.

    Args:
        url: of the warehouse; a server that is away is waited for, not started.
    """
    seen, is_over = Sightings(), threading.Event()

    def read() -> None:
        while not is_over.wait(_PAUSE_SECONDS):
            try:
                with psycopg.connect(url, application_name="soak reader", autocommit=True) as connection:
                    if seen.outages and seen.outages[-1][1] == "away":
                        seen.outages.append((time.monotonic(), "back"))
                    while not is_over.wait(_PAUSE_SECONDS):
                        _look(connection, seen)
            except psycopg.Error:
                if not seen.outages or seen.outages[-1][1] == "back":
                    seen.outages.append((time.monotonic(), "away"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join(timeout=60)


def _look(connection: psycopg.Connection, seen: Sightings) -> None:
    """Compare rows and contents with what the newest publication says of itself, in one snapshot."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        row = connection.execute("select max(publication_id) from ops.publications").fetchone()
        publication = row[0] if row else None
        if publication is None:
            return
        expected: dict[str, int] = dict(
            connection.execute(
                "select relation, row_count from ops.publication_changes where publication_id = %s",
                (publication,),
            ).fetchall()
        )
        found = {relation: _content(connection, relation) for relation in sorted(expected)}
    seen.looks += 1
    for relation, (count, _) in found.items():
        if count != expected[relation]:
            seen.faults.append(
                f"{relation}: {count} rows, publication {publication} has {expected[relation]}"
            )
    digest = " ".join(f"{relation}:{content}" for relation, (_, content) in found.items())
    if seen.publications.setdefault(publication, digest) != digest:
        seen.faults.append(f"publication {publication} was seen with two contents")


def _content(connection: psycopg.Connection, relation: str) -> tuple[int, str]:
    row = connection.execute(
        sql.SQL(
            "select count(*), coalesce(sum(hashtextextended(each_row::text, 0)), 0)::text from {} as each_row"
        ).format(sql.Identifier("marts", relation))
    ).fetchone()
    assert row is not None
    return row[0], row[1]
