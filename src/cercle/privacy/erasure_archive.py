"""What accounting law makes a company keep of an erased person: invoices and their lines, without the person."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from cercle.contracts import Entity
from cercle.load.rules import identifier, literal
from cercle.privacy.erasure_raw import found_rows

__all__ = ["ACCOUNTING_YEARS", "archive_accounts"]

ACCOUNTING_YEARS = 10  # Code de commerce, art. L123-22
_NOT_FOR_ACCOUNTS = {"free_text", "consent_proof"}


def archive_accounts(connection: psycopg.Connection, entities: Iterable[Entity], erasure_id: int) -> int:
    """Copy what accounting law asks for into the archive: rows with amounts, without any personal column.

    Args:
        connection: with erased_rows.
        entities: those with a money column are invoices and their lines.
        erasure_id: of this erasure.

    Returns:
        How many rows.
    """
    count = 0
    for entity in entities:
        if not entity.money_columns:
            continue
        kept = [
            column.name
            for column in entity.columns
            if not column.is_personal
            and column.semantic_type not in _NOT_FOR_ACCOUNTS
            and not column.name.endswith("_ref")
        ]
        pairs = ", ".join(f"{literal(name)}, rows.{identifier(name)}" for name in kept)
        moment = next(
            (
                f"rows.{identifier(name)}"
                for name in (entity.occurred_at_column, entity.version_column)
                if name is not None
            ),
            "rows._loaded_at",
        )
        count += connection.execute(
            f"""
            insert into archive.accounting_rows (erasure_id, source_name, entity, content, keep_until)
            select
                %s,
                rows._source,
                {literal(entity.name)},
                jsonb_strip_nulls(jsonb_build_object({pairs})),
                (coalesce({moment}, rows._loaded_at) at time zone 'Europe/Paris' + make_interval(years => %s))::date
            from {found_rows(entity)}
            """.encode(),
            (erasure_id, ACCOUNTING_YEARS),
        ).rowcount
    return count
