"""Stewards' decisions about who is who: link, unlink, block, with who, why and until. Every build replays them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from cercle.errors import CercleError

__all__ = ["Decision", "block", "decisions", "link", "revoke", "unlink"]


@dataclass(frozen=True)
class Decision:
    """One row of identity.overrides.

    Attributes:
        override_id: its number.
        action: link, unlink or block.
        left_record: of a link or unlink, the one record.
        right_record: the other.
        identifier_type: of a block, the type of the identifier.
        identifier_value: its pseudonym; never the clear value.
        made_by: who decided.
        reason: why.
        made_at: when.
        valid_until: until when it holds; None for ever.
        revoked_at: when it was taken back.
        revoked_by: by whom.
    """

    override_id: int
    action: str
    left_record: str | None
    right_record: str | None
    identifier_type: str | None
    identifier_value: str | None
    made_by: str
    reason: str
    made_at: datetime
    valid_until: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


_COLUMNS = """
    override_id, action, left_record, right_record, identifier_type, identifier_value, made_by, reason, made_at,
    nullif(valid_until, 'infinity') as valid_until, revoked_at, revoked_by
"""


def link(
    connection: psycopg.Connection[Any],
    records: tuple[str, str],
    who: str,
    why: str,
    until: datetime | None = None,
) -> int:
    """Decide that two records are one person, whatever the rules say; from the next build on.

    Args:
        connection: commits are the caller's.
        records: two record keys.
        who: who decides.
        why: the reason, without personal values.
        until: when the decision ends; None for never.

    Returns:
        The decision's number.

    Raises:
        CercleError: a record is unknown, both are the same, or the reason is missing.
    """
    return _decide_on_records(connection, "link", records, who, why, until)


def unlink(
    connection: psycopg.Connection[Any],
    records: tuple[str, str],
    who: str,
    why: str,
    until: datetime | None = None,
) -> int:
    """Decide that two records are two people, whatever the rules say; from the next build on.

    Args and returns: as `link`.

    Raises:
        CercleError: as `link`.
    """
    return _decide_on_records(connection, "unlink", records, who, why, until)


def block(
    connection: psycopg.Connection[Any],
    identifier: tuple[str, str],
    who: str,
    why: str,
    until: datetime | None = None,
) -> int:
    """Decide that an identifier joins nobody; from the next build on. Its pseudonym is stored, not the value.

    Args:
        connection: commits are the caller's.
        identifier: type and value, as written or normalised, or its pseudonym (identifier_key).
        who: who decides.
        why: the reason, without personal values.
        until: when the decision ends; None for never.

    Returns:
        The decision's number.

    Raises:
        CercleError: no customer has such an identifier, or the reason is missing.
    """
    _require_reason(who, why)
    identifier_type, value = identifier
    row = connection.execute(
        """
        select identifier_key
        from marts.customer_identifiers
        where identifier_type = %s and (identifier_key = %s or identifier_value = any(%s))
        limit 1
        """,
        (identifier_type, value, [value, _normalised(identifier_type, value)]),
    ).fetchone()
    if row is None:
        raise CercleError(
            f"No customer has such a value of type {identifier_type}",
            where="marts.customer_identifiers",
            remedy="Give the type and value, or the identifier_key, as they stand there",
        )
    return _insert(
        connection,
        "action, identifier_type, identifier_value, made_by, reason, valid_until",
        ("block", identifier_type, row[0], who, why, until or "infinity"),
    )


def revoke(connection: psycopg.Connection[Any], override_id: int, who: str) -> None:
    """Take a decision back; from the next build on each side has its own again.

    Args:
        connection: commits are the caller's.
        override_id: the decision's number.
        who: who takes it back.

    Raises:
        CercleError: there is no such decision, or it was taken back before.
    """
    changed = connection.execute(
        """
        update identity.overrides
        set revoked_at = clock_timestamp(), revoked_by = %s
        where override_id = %s and revoked_at is null
        """,
        (who, override_id),
    ).rowcount
    if not changed:
        raise CercleError(
            f"No decision {override_id} stands",
            where="identity.overrides",
            remedy="`cercle identity decisions` lists them",
        )


def decisions(connection: psycopg.Connection[Any], with_revoked: bool = False) -> list[Decision]:
    """Return stewards' decisions, the newest first.

    Args:
        connection: to the warehouse.
        with_revoked: those taken back too.
    """
    condition = "true" if with_revoked else "revoked_at is null"
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from identity.overrides where {condition} order by override_id desc".encode()
        ).fetchall()


def _decide_on_records(
    connection: psycopg.Connection[Any],
    action: str,
    records: tuple[str, str],
    who: str,
    why: str,
    until: datetime | None,
) -> int:
    _require_reason(who, why)
    left, right = records
    if left == right:
        raise CercleError(f"{left} is one record", remedy="Name two different records")
    for record in records:
        known = connection.execute(
            "select 1 from marts.identity_links where record_key = %s limit 1", (record,)
        ).fetchone()
        if known is None:
            raise CercleError(
                f"No published record has the key {record}",
                where="marts.identity_links",
                remedy="Write it as entity:source:key, for example customers:store:C000123",
            )
    return _insert(
        connection,
        "action, left_record, right_record, made_by, reason, valid_until",
        (action, left, right, who, why, until or "infinity"),
    )


def _insert(connection: psycopg.Connection[Any], columns: str, values: tuple[object, ...]) -> int:
    marks = ", ".join(["%s"] * len(values))
    row = connection.execute(
        f"insert into identity.overrides ({columns}) values ({marks}) returning override_id".encode(), values
    ).fetchone()
    assert row is not None
    return int(row[0])


def _require_reason(who: str, why: str) -> None:
    if not who.strip() or not why.strip():
        raise CercleError("A decision needs who made it and why", remedy="Give --by and --because")


def _normalised(identifier_type: str, value: str) -> str:
    """The value in its one spelling; French telephone numbers may be written without country."""
    from cercle.load.normalise import VALUE_TYPES, normalise

    if identifier_type not in VALUE_TYPES:
        return value
    return normalise(identifier_type, value, "FR").value or value
