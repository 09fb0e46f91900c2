"""Rows that a loader must reject, one fault each, and the reason that it should name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson

__all__ = ["FAULTS", "DirtyRow", "faults_of", "spoil_csv", "spoil_json"]

Cells = dict[str, str | None]


@dataclass(frozen=True)
class DirtyRow:
    """Where a dirty row stands, and why it is one.

    Attributes:
        line: in a CSV the physical line at which it begins, header = 1; in JSON lines the line.
        reason: code of the reason that the loader names.
        column: the faulty column, empty where the fault is the row's.
    """

    source: str
    entity: str
    file: str
    line: int
    reason: str
    column: str


# source/entity -> faults (reason, column). The columns are ones that every row of the entity has.
FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "store/customers": (
        ("wrong_cell_count", ""),
        ("missing_value", "customer_ref"),
        ("bad_date", "birth_date"),
        ("date_out_of_range", "birth_date"),
        ("bad_encoding", "last_name"),
        ("not_accepted", "kind"),
    ),
    "store/orders": (
        ("bad_number", "total_amount"),
        ("not_accepted", "status"),
        ("missing_value", "currency_code"),
        ("bad_timestamp", "ordered_at"),
        ("timestamp_out_of_range", "ordered_at"),
        ("bad_boolean", "is_optout_offered"),
    ),
    "store/order_lines": (
        ("bad_number", "line_amount"),
        ("wrong_cell_count", ""),
        ("bad_integer", "line_number"),
        ("missing_value", "product_id"),
    ),
    "email/messages": (("nul_byte", "body"), ("bad_timestamp", "occurred_at"), ("not_accepted", "direction")),
    "phone/calls": (("not_accepted", "outcome"), ("bad_timestamp", "started_at"), ("bad_encoding", "reason")),
    "social/interactions": (
        ("bad_json", ""),
        ("not_an_object", ""),
        ("nul_byte", "body"),
        ("missing_value", "author_ref"),
        ("not_accepted", "platform"),
    ),
    "privacy/consent_events": (("missing_value", "type"), ("bad_json", ""), ("bad_timestamp", "recorded_at")),
    "contact/contacts": (
        ("not_accepted", "channel"),
        ("bad_encoding", "last_name"),
        ("missing_value", "occurred_at"),
    ),
}
_WRONG: dict[str, tuple[str, ...]] = {
    "bad_date": ("1984-02-30", "le 3 mai", "31/12/1985"),
    "date_out_of_range": ("0001-01-01", "1789-07-14"),
    "bad_timestamp": ("2026-13-45T10:00:00Z", "hier soir", "2026-02-30T08:00:00+01:00"),
    "timestamp_out_of_range": ("0001-01-01T00:00:00Z", "1815-06-18T11:30:00+01:00"),
    "bad_number": ("12,3O", "quarante", "1.2.3"),
    "bad_integer": ("un", "3.5"),
    "bad_boolean": ("peut-être", "2"),
    "not_accepted": ("???", "autre"),
    "missing_value": ("",),
}


def faults_of(name: str, count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return the faults for so many dirty rows of an entity: each of its kinds in turn, then any."""
    kinds = FAULTS[name]
    more = rng.integers(0, len(kinds), max(count - len(kinds), 0)).tolist()
    return [*kinds[:count], *(kinds[index] for index in more)]


def spoil_csv(cells: Cells, fault: tuple[str, str], number: int) -> bytes:
    """Return the bytes of a CSV row with the fault, line feed included.

    Args:
        cells: a clean row, whose key is already one that no other row has.
        fault: reason and column.
        number: chooses among the wrong values.
    """
    reason, column = fault
    if reason == "wrong_cell_count":
        values = list(cells.values())
        return _line([*values, "de trop"] if number % 2 else values[:-2])
    if reason == "bad_encoding":
        marked = {**cells, column: "@@@"}
        return _line(list(marked.values())).replace(b"@@@", "Lef\u00e8vre".encode("latin-1"))
    if reason == "nul_byte":
        return _line(list({**cells, column: "@@@"}.values())).replace(b"@@@", b"Bonjour\x00 ?")
    return _line(list({**cells, column: _wrong(reason, number)}.values()))


def spoil_json(
    item: dict[str, object],
    fault: tuple[str, str],
    number: int,
    dump: Callable[[object], bytes] = orjson.dumps,
) -> bytes:
    """Return the bytes of a JSON line with the fault, line feed included."""
    reason, column = fault
    if reason == "bad_json":
        return dump(item)[: -(2 + number % 7)] + b"\n"
    if reason == "not_an_object":
        return (b'"ligne de test"\n', b"[1, 2, 3]\n")[number % 2]
    if reason == "nul_byte":
        return dump({**item, column: "Bonjour\x00 ?"}) + b"\n"
    if reason == "missing_value":
        return dump({key: value for key, value in item.items() if key != column}) + b"\n"
    return dump({**item, column: _wrong(reason, number)}) + b"\n"


def _wrong(reason: str, number: int) -> str:
    values = _WRONG[reason]
    return values[number % len(values)]


def _line(values: list[str | None]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue().encode()
