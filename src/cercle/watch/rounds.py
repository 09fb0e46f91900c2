"""One round of the watch: what is new is written down, told, and marked as told; what is over too.

It is written down before it is told, and marked only when every channel took it: a message may come twice when one of
two channels was away, and none is lost.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from cercle import db
from cercle.errors import EXIT_DIFFERENCE, CercleError
from cercle.settings import Settings
from cercle.watch.channels import Channel, Message
from cercle.watch.conditions import Condition, Limits, find_conditions
from cercle.watch.texts import line

__all__ = ["Round", "make_round", "send"]

_LOCK = "watch"


@dataclass(frozen=True)
class Round:
    """What a round found.

    Attributes:
        conditions: that hold now.
        new: told now for the first time, as rows of ops.watched_conditions.
        over: told now that they are over.
        text: of the message; empty where there was nothing to tell.
    """

    conditions: Sequence[Condition]
    new: Sequence[Mapping[str, Any]]
    over: Sequence[Mapping[str, Any]]
    text: str


def make_round(settings: Settings, channels: Sequence[Channel], limits: Limits | None = None) -> Round:
    """Find what needs a person, and tell it once.

    Args:
        settings: where the database is.
        channels: who is told; with none, everything is found and nothing marked as told.
        limits: from when on something is told.

    Raises:
        CercleError: a channel did not take the message; the others did, and the next round tries again.
    """
    with (
        db.connect(settings, application_name="cercle watch") as connection,
        db.advisory_lock(connection, _LOCK),
    ):
        conditions = find_conditions(connection, limits or Limits())
        _write_down(connection, conditions)
        connection.commit()
        new, over = _to_tell(connection)
        text = _text(new, over)
        if channels and text:
            send(channels, Message(_subject(new, over), text, _items(new, over)))
            _mark(connection, new, over)
            connection.commit()
    return Round(conditions, new, over, text)


def _write_down(connection: psycopg.Connection, conditions: Sequence[Condition]) -> None:
    """Open a row for what is new, refresh the facts of what goes on, and close what is over."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.watched_conditions (kind, condition_key, severity, facts)
            values (%s, %s, %s, %s)
            on conflict (kind, condition_key) where ended_at is null do update set facts = excluded.facts
            """,
            [
                (each.kind, each.key, each.severity, json.dumps(each.facts, default=str))
                for each in conditions
            ],
        )
    connection.execute(
        """
        update ops.watched_conditions
        set ended_at = clock_timestamp()
        where ended_at is null
            and not exists (
                select
                from unnest(%s::text[], %s::text[]) as holding (kind, condition_key)
                where holding.kind = watched_conditions.kind
                    and holding.condition_key = watched_conditions.condition_key
            )
        """,
        ([each.kind for each in conditions], [each.key for each in conditions]),
    )


def _to_tell(connection: psycopg.Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        new = cursor.execute(
            """
            select condition_id, kind, condition_key, severity, facts, seen_at
            from ops.watched_conditions
            where told_at is null and ended_at is null
            order by array_position(array['critical', 'warning', 'info'], severity), condition_id
            """
        ).fetchall()
        # That an alert of the market has passed tells nobody anything.
        over = cursor.execute(
            """
            select condition_id, kind, condition_key, severity, facts, seen_at, ended_at
            from ops.watched_conditions
            where told_at is not null and ended_at is not null and end_told_at is null and severity <> 'info'
            order by condition_id
            """
        ).fetchall()
    return new, over


def _subject(new: Sequence[Mapping[str, Any]], over: Sequence[Mapping[str, Any]]) -> str:
    worst = f"{new[0]['severity']}, " if new else ""
    return f"cercle: {worst}{len(new)} new, {len(over)} over"


def _text(new: Sequence[Mapping[str, Any]], over: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for row in new:
        said = line(row["kind"], row["condition_key"], row["facts"])
        parts.append(f"[{row['severity']}] {said.french}\n{said.english}\n→ {said.remedy}")
    for row in over:
        said = line(row["kind"], row["condition_key"], row["facts"])
        parts.append(f"[terminé · over] {said.french}\n{said.english}")
    return "\n\n".join(parts)


def _items(new: Sequence[Mapping[str, Any]], over: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "state": state,
            "kind": row["kind"],
            "key": row["condition_key"],
            "severity": row["severity"],
            "facts": row["facts"],
            "seen_at": row["seen_at"].isoformat(),
        }
        for state, rows in (("new", new), ("over", over))
        for row in rows
    ]


def send(channels: Sequence[Channel], message: Message) -> None:
    """Give every channel the message, also when one before it did not take it.

    Raises:
        CercleError: a channel did not take the message.
    """
    failed = []
    for channel in channels:
        try:
            channel.send(message)
        except (OSError, smtplib.SMTPException) as error:
            failed.append(f"{channel.name} ({type(error).__name__})")
    if failed:
        raise CercleError(
            f"A message was not taken by {' and '.join(failed)}",
            where="ops.watched_conditions",
            remedy="The next round tries again; check CERCLE_NOTIFY and CERCLE_SMTP",
            exit_code=EXIT_DIFFERENCE,
        )


def _mark(
    connection: psycopg.Connection, new: Sequence[Mapping[str, Any]], over: Sequence[Mapping[str, Any]]
) -> None:
    connection.execute(
        "update ops.watched_conditions set told_at = clock_timestamp() where condition_id = any(%s)",
        ([row["condition_id"] for row in new],),
    )
    connection.execute(
        "update ops.watched_conditions set end_told_at = clock_timestamp() where condition_id = any(%s)",
        ([row["condition_id"] for row in over],),
    )
