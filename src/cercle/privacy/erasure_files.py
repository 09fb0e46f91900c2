"""Delivered files that held an erased person: listed in the proof, and deleted from the landing folder where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import class_row

from cercle.settings import Settings

__all__ = ["HeldFile", "deal_with_files", "inside", "keep_files", "list_files"]


@dataclass(frozen=True)
class HeldFile:
    """A delivered file that held the person.

    Attributes:
        path: relative to the landing folder; None where it was loaded from elsewhere.
        certainty: held, or may_hold: it repeated rows that raw had already, and nobody noted which.
        row_count: rows of the person that it brought.
        outcome: listed, deleted or gone.
    """

    load_id: int
    source: str
    entity: str
    file_name: str
    path: str | None
    certainty: str
    row_count: int
    outcome: str


def keep_files(connection: psycopg.Connection) -> None:
    """Write the loads that brought the person's rows into erased_files, with those that may have repeated them.

    Args:
        connection: with erased_rows; before these are deleted from raw.
    """
    connection.execute(
        "create temporary table erased_files (load_id bigint primary key, certainty text, row_count bigint) "
        "on commit drop"
    )
    connection.execute(
        "insert into erased_files select load_id, 'held', count(*) from erased_rows group by load_id"
    )
    connection.execute(
        """
        insert into erased_files
        select later.load_id, 'may_hold', 0
        from ops.loads as later
        where later.known_count > 0
            and exists (
                select
                from erased_files
                inner join ops.loads as held on erased_files.load_id = held.load_id
                where held.source = later.source and held.plugin = later.plugin and held.entity = later.entity
            )
        on conflict do nothing
        """
    )


def list_files(connection: psycopg.Connection, erasure_id: int) -> None:
    """Put erased_files into the proof."""
    connection.execute(
        "insert into privacy.erasure_files (erasure_id, load_id, certainty, row_count, outcome) "
        "select %s, load_id, certainty, row_count, 'listed' from erased_files",
        (erasure_id,),
    )


def deal_with_files(
    connection: psycopg.Connection, settings: Settings, erasure_id: int, is_deleting: bool
) -> Sequence[HeldFile]:
    """Delete the files from the landing folder where asked, and say what became of each.

    A file whose rows are not admitted (quarantined, say) stays: it may have to be loaded again.

    Args:
        connection: after the erasure's commit.
        settings: with the landing folder.
        erasure_id: of the erasure.
        is_deleting: delete them; else they are listed.
    """
    files = _read(connection, erasure_id)
    for file in files:
        path = None if file.path is None else inside(settings.landing_dir, file.path)
        is_there = path is not None and path.is_file()
        outcome = file.outcome
        if not is_there and file.path is not None:
            outcome = "gone" if file.outcome == "listed" else file.outcome
        elif is_there and is_deleting and path is not None and _is_admitted(connection, file.load_id):
            path.unlink()
            outcome = "deleted"
        if outcome != file.outcome:
            connection.execute(
                "update privacy.erasure_files set outcome = %s, dealt_with_at = clock_timestamp() "
                "where erasure_id = %s and load_id = %s",
                (outcome, erasure_id, file.load_id),
            )
    connection.commit()
    return _read(connection, erasure_id)


def _read(connection: psycopg.Connection, erasure_id: int) -> list[HeldFile]:
    cursor: psycopg.Cursor[Any] = connection.cursor(row_factory=class_row(HeldFile))
    with cursor:
        return cursor.execute(
            """
            select
                files.load_id,
                loads.source,
                loads.entity,
                loads.file_name,
                landing.path,
                files.certainty,
                files.row_count,
                files.outcome
            from privacy.erasure_files as files
            inner join ops.loads on files.load_id = loads.load_id
            left join lateral (
                select min(landing_files.path) as path
                from ops.landing_files
                inner join ops.loads as first_loads on landing_files.load_id = first_loads.load_id
                where first_loads.source = loads.source and first_loads.file_sha256 = loads.file_sha256
            ) as landing on true
            where files.erasure_id = %s
            order by files.load_id
            """,
            (erasure_id,),
        ).fetchall()


def _is_admitted(connection: psycopg.Connection, load_id: int) -> bool:
    row = connection.execute(
        "select state in ('checked', 'released') from ops.loads where load_id = %s", (load_id,)
    ).fetchone()
    return bool(row and row[0])


def inside(folder: Path, name: str) -> Path | None:
    """Return a file of a folder by its name, None where the name leads out of the folder."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) else None
