"""What every reader yields: rows as CSV text for COPY, and the rows that could not be read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from cercle.contracts import Column, Entity
from cercle.load.opening import FileRefusedError
from cercle.load.result import REASONS, Unreadable

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "LINE_END",
    "Field",
    "ObjectRows",
    "Part",
    "RowReader",
    "Vetted",
    "fields_by_column",
    "match_header",
    "unreadable",
    "write_rows",
]


# Before Python 3.13 the csv module quotes a carriage return only where it belongs to the line's end.
LINE_END = "\r\n"


@dataclass(frozen=True)
class Field:
    """A column of what a reader delivers.

    Attributes:
        column: of the contract, None for one that the contract does not know.
        extra_name: the unknown column's name; None where `_extra` already is JSON.
    """

    column: Column | None
    extra_name: str | None = None


@dataclass(frozen=True)
class Part:
    """A piece of a file.

    Attributes:
        text: rows as CSV for COPY: the line, then the fields in order; an empty cell is null. Each ends in LINE_END.
        row_count: rows in it.
        unreadable: rows that are not in it.
        first_line: the line of the first row, where the text is lines of the file as they stand, without their numbers.
        columns: the rows as a pyarrow record batch of `_line` and texts f0, f1, …, where there is no text.
    """

    text: str = ""
    row_count: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    first_line: int | None = None
    columns: pyarrow.RecordBatch | None = None

    def numbered(self, delimiter: str) -> bytes:
        """Return the rows as CSV with the line before each."""
        if self.columns is not None:
            from cercle.load.columns import as_csv

            return as_csv(self.columns, delimiter)
        if self.first_line is None:
            return self.text.encode()
        lines = self.text.removesuffix("\n").split("\n")
        return "".join(
            f"{number}{delimiter}{line}{LINE_END}" for number, line in enumerate(lines, self.first_line)
        ).encode()


@dataclass(frozen=True)
class Vetted:
    """A part of a file, sorted.

    Attributes:
        ready: rows as text for COPY into raw.
        ready_count: rows in it.
        doubtful: rows as CSV for the table of texts.
        sums: of the ready rows: amount -> sum.
    """

    ready: bytes
    ready_count: int
    doubtful: bytes
    sums: Mapping[str, Decimal] = field(default_factory=dict)


class RowReader(Protocol):
    """Reads a file once, in parts."""

    delimiter: str
    longest: int
    """Characters of the longest row so far: where it is short, no length needs to be checked."""
    row_format: str | None
    """csv or jsonl where a row is lines of the file; None where its columns are all there is."""
    header: str | None
    """The first line of a CSV file with a header."""

    @property
    def fields(self) -> Sequence[Field]:
        """What stands behind the line number in each row."""
        ...

    @property
    def extra_columns(self) -> set[str]:
        """Columns met so far that the contract does not know."""
        ...

    def parts(self) -> Iterator[Part]:
        """Yield the file in parts."""
        ...

    def payloads(self, lines: Iterator[int]) -> Iterator[tuple[int, str]]:
        """Yield rows as they stand in the file, for ascending lines on which rows begin."""
        ...

    def finish(self) -> None:
        """Refuse the file where only its end tells that it must be."""
        ...


def unreadable(line: int, code: str, payload: str | None, detail: str = "") -> Unreadable:
    """Return a row that could not be read, with the sentence of its reason."""
    return Unreadable(line, code, REASONS[code].format(detail=detail, column=""), payload)


def match_header(names: Sequence[str], entity: Entity) -> list[Field]:
    """Match a file's columns with the contract's, whatever their case and the blanks around them.

    Raises:
        FileRefusedError: a name is missing, comes twice, or a required column is not there.
    """
    known = {source.lower(): column for column in entity.columns for source in column.source_names}
    if not any(name.strip().lower() in known for name in names):
        raise FileRefusedError("All columns of the contract are missing", remedy=_hint(names, entity))
    fields: list[Field] = []
    seen: dict[str, int] = {}
    for position, raw_name in enumerate(names, start=1):
        name = raw_name.strip()
        column = known.get(name.lower())
        identity = column.name if column else name.lower()
        if not name:
            raise FileRefusedError(
                f"Column {position} of the header has no name", remedy="Name it, or leave it out"
            )
        if identity in seen:
            raise FileRefusedError(
                f"Columns {seen[identity]} and {position} of the header have the same name",
                remedy="Leave one of them out",
            )
        seen[identity] = position
        fields.append(Field(column, None if column else name))
    missing = [column.name for column in entity.columns if column.is_required and column.name not in seen]
    if missing:
        raise FileRefusedError(
            f"Required columns are missing: {', '.join(missing)}",
            remedy="Export them too; `cercle contracts list` and docs/sources tell the columns",
        )
    return fields


def _hint(names: Sequence[str], entity: Entity) -> str:
    if len(names) == 1:
        for other in (",", ";", "\t", "|"):
            if other in names[0]:
                shown = "a tab" if other == "\t" else repr(other)
                return f"Its cells seem to be separated by {shown}; the contract says {entity.delimiter!r}"
    return "Is the first line a header, and is it this entity?"


def fields_by_column(entity: Entity) -> list[Field]:
    """Return the fields of formats without a header: all columns of the contract, then `_extra` as JSON."""
    return [*(Field(column) for column in entity.columns), Field(None, None)]


def write_rows(
    rows: Iterable[Sequence[Any]], payload_of: Callable[[int], str | None], delimiter: str = ","
) -> Part:
    """Write rows (line, cells …) as CSV; those with a NUL or a lone surrogate are set aside.

    Args:
        rows: the first item of each is its line.
        payload_of: line -> the row as it stood in the file.
        delimiter: between the cells.
    """
    kept = list(rows)
    text = _as_csv(kept, delimiter)
    bad: list[Unreadable] = []
    if "\x00" in text or not _is_text(text):
        good = []
        for row in kept:
            written = _as_csv([row], delimiter)
            if "\x00" in written:
                bad.append(unreadable(row[0], "nul_byte", payload_of(row[0])))
            elif not _is_text(written):
                bad.append(unreadable(row[0], "bad_encoding", payload_of(row[0]), "Unicode"))
            else:
                good.append(row)
        kept, text = good, _as_csv(good, delimiter)
    return Part(text, len(kept), bad)


def _as_csv(rows: Sequence[Sequence[Any]], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=LINE_END).writerows(rows)
    return buffer.getvalue()


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class UnreadableValueError(Exception):
    """A value of an object that no cell can hold; its argument is the reason's code."""


class ObjectRows:
    """Turns objects (column -> value) into cells in the order of the contract."""

    def __init__(self, entity: Entity) -> None:
        self.fields = fields_by_column(entity)
        self.extra_columns: set[str] = set()
        self._positions = {
            source: position
            for position, column in enumerate(entity.columns)
            for source in column.source_names
        }
        self._width = len(entity.columns)
        self._unseen = {position for position, column in enumerate(entity.columns) if column.is_required}
        self._names = [column.name for column in entity.columns]

    def cells(self, item: dict[Any, Any]) -> list[Any]:
        """Return the cells of an object, `_extra` last.

        Raises:
            UnreadableValueError: a number has lost digits, or a text is none.
        """
        cells: list[Any] = [None] * (self._width + 1)
        extra: dict[str, Any] = {}
        for name, value in item.items():
            position = self._positions.get(name)
            if position is None:
                if value is not None:
                    extra[str(name)] = value
                continue
            kind = type(value)
            if kind is str or kind is int or value is None:
                cells[position] = value
            else:
                cells[position] = _as_cell(value)
            if self._unseen:
                self._unseen.discard(position)
        if extra:
            self.extra_columns.update(extra)
            cells[self._width] = _as_json(extra)
        return cells

    def see(self, names: Iterable[str]) -> None:
        """Note that columns of these names are there."""
        self._unseen -= {self._positions[name] for name in names if name in self._positions}

    def refuse_missing(self, row_count: int) -> None:
        """Refuse the file where a required column was in none of its rows.

        Raises:
            FileRefusedError: naming the columns.
        """
        if self._unseen and row_count:
            names = ", ".join(self._names[position] for position in sorted(self._unseen))
            raise FileRefusedError(f"Required columns are in no row: {names}", remedy="Export them too")


def _as_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if abs(value) >= 2**53:
            raise UnreadableValueError("imprecise_number")
        return value
    if isinstance(value, bytes):
        raise UnreadableValueError("bad_encoding")
    return _as_json(value) if isinstance(value, dict | list | tuple) else value


def _as_json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # orjson's error about a lone surrogate, or a depth beyond 254
        raise UnreadableValueError("bad_encoding") from None
