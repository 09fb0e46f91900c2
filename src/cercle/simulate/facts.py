"""What was done, said and sold as planned: one clean row per record, from which the answers M1–M28 can be counted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from cercle.simulate.clock import Ints
from cercle.simulate.table import Table

__all__ = ["FACTS", "write_facts"]

_ABOUT = ("order_id", "case_id", "brand_id", "language")
# Table -> columns of its facts. A text that people wrote is said to be there, not repeated.
FACTS: dict[str, tuple[str, ...]] = {
    "social/interactions": (
        "platform", "kind", "occurred_at", "author_ref", "is_from_brand", "recipient_ref", "venue_control", "parent_id",
        "campaign_id", "rating", *_ABOUT,
    ),
    "email/messages": ("occurred_at", "direction", "is_automatic", "campaign_id", *_ABOUT),
    "phone/calls": (
        "started_at", "direction", "outcome", "answered_at", "campaign_id", "reason", "transcript", *_ABOUT,
    ),
    "phone/callbacks": ("requested_at", "promised_at", "honoured_at", "reason", *_ABOUT),
    "store/visits": ("occurred_at", "kind", "store_id", "note", *_ABOUT),
    "contact/contacts": (
        "occurred_at", "channel", "direction", "device", "is_automatic", "birth_date", *_ABOUT,
    ),
    "contact/survey_answers": (
        "answered_at", "question_key", "score", "score_max", "answer_text", "about_kind", "about_id",
    ),
    "contact/group_bookings": ("booking_id", "booked_at", "order_id"),
    "store/customers": (
        "kind", "created_at", "updated_at", "referred_by_ref", "preferred_channel", "birth_date",
        "gender",
    ),
    "store/orders": (
        "order_id", "ordered_at", "status", "sales_channel", "device", "store_id", "brand_id", "campaign_id",
        "currency_code", "total_amount",
    ),
    "social/accounts": ("account_ref", "platform", "is_brand_account", "account_purpose", "brand_id"),
    "social/page_daily": (
        "platform", "page_ref", "day_date", "followers_count", "followers_gained_count",
        "followers_gained_by_promotion_count", "views_count", "views_by_promotion_count",
    ),
    "email/campaign_events": ("occurred_at", "campaign_id", "kind"),
    "privacy/requests": ("birth_date",),
    "privacy/consent_events": ("occurred_at",),
    "marketing/campaigns": (
        "campaign_id", "channel", "kind", "topic", "starts_at", "ends_at", "cost_amount", "currency_code", "brand_id",
    ),
}  # fmt: skip
_TEXTS = ("transcript", "note")
_AT_ONCE = 50_000


def write_facts(folder: Path, table: Table, rows: Ints) -> None:
    """Write the facts of a table, where it has some, to `facts/<entity>.csv`.

    Args:
        folder: of the truth.
        table: its plan.
        rows: the current version of each record.
    """
    names = FACTS.get(table.name)
    if names is None:
        return
    path = folder / "facts" / f"{table.entity}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("record_key", "person_id", "has_contact_point", *names))
        for begin in range(0, len(rows), _AT_ONCE):
            part = rows[begin : begin + _AT_ONCE]
            people = [f"p{person:07d}" if person >= 0 else "" for person in table.person[part].tolist()]
            flags = _has_contact_point(table, part)
            cells = [_cells(table, name, part) for name in names]
            writer.writerows(zip(table.record_keys(part), people, flags, *cells, strict=True))


def _has_contact_point(table: Table, rows: Ints) -> list[str]:
    shown = np.zeros(len(rows), dtype=np.bool_)
    for kind in ("email", "phone"):
        if kind in table.links:
            shown |= table.links[kind][rows] >= 0
    return ["true" if flag else "" for flag in shown.tolist()]


def _cells(table: Table, name: str, rows: Ints) -> list[str | None]:
    texts = table.columns[name].texts(rows)
    return ["true" if text else "" for text in texts] if name in _TEXTS else texts
