"""Vetting: rows about which there is no doubt go straight into raw; PostgreSQL judges all others.

A column at a time, in pyarrow: a row is vetted when each of its values has the plainest form of its type, so that its
canonical text, and with it the row's hash, is known without a cast. Vetting never rejects. What it doubts goes into
the table of texts, where the statements of the contract decide; and PostgreSQL still casts what it lets through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from cercle.contracts import Column, Entity
from cercle.load.columns import as_csv
from cercle.load.distinct import DistinctValues
from cercle.load.rows import Field, Part, Vetted
from cercle.load.rules import LONG_NUMBERS, TRUTHS, identifier, last_moment, limit_of
from cercle.load.values import typed_columns

__all__ = ["Vetting"]

_FRACTION = 10  # digits behind the point
_FORMS = {
    "bigint": r"^(0|-?[1-9]\d{0,17})$",
    "numeric": rf"^((0|-?[1-9]\d{{0,20}})(\.\d{{1,{_FRACTION}}})?|-0\.\d{{0,5}}[1-9]0{{0,4}})$",
    "boolean": f"^({'|'.join(TRUTHS)})$",
    "date": r"^\d{4}-\d\d-\d\d$",
    "timestamptz": r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)$",
}
_PRINTABLE_FIRST = "^[!-~]"  # a required text that begins so is not blank
_SPREADSHEET = "E+"
_RAW_METADATA = ("_row_hash", "_source", "_load_id", "_occurrence", "_loaded_at")
_SEPARATOR = "\x1f"
_TRIAL = 20_000  # rows after which a file is given up of which hardly a row was vetted
_WORTHWHILE = 0.1


_Escape = Callable[[pa.StringArray], pa.StringArray]


class Vetting:
    """Sorts the rows of one file."""

    def __init__(
        self,
        entity: Entity,
        fields: Sequence[Field],
        delimiter: str,
        constants: tuple[str, int, datetime],
        now: datetime,
    ) -> None:
        """Prepare for what a reader found.

        Args:
            entity: of the contract.
            fields: behind the line in each row of a part.
            delimiter: between the cells of a part.
            constants: source instance, number of the load, and when it began.
            now: the loader's clock, against which dates of the future are told.
        """
        place = {found.column.name: f"f{i}" for i, found in enumerate(fields) if found.column}
        self._columns = {place[column.name]: column for column in entity.columns if column.name in place}
        self._unknown = [f"f{i}" for i, found in enumerate(fields) if found.column is None]
        self._amounts = {
            place[column.name]: column.name for column in entity.money_columns if column.name in place
        }
        self._now = now
        source, load_id, started_at = constants
        self._end = f"{source}\t{load_id}\t0\t{started_at.isoformat()}\n"
        names = ["_line", *(column.name for column in self._columns.values()), *_RAW_METADATA]
        self.command = (
            f"copy {identifier('raw', entity.relation)} ({', '.join(map(identifier, names))}) from stdin"
        )
        texts = [f"f{i}" for i in range(len(fields))]
        self._names = ["_line", *texts]
        self._convert = arrow_csv.ConvertOptions(
            column_types={"_line": pa.int64(), **dict.fromkeys(texts, pa.string())},
            null_values=[""],
            strings_can_be_null=True,
        )
        self._delimiter = delimiter
        self._seen_count = self._ready_count = 0
        self.values = DistinctValues(
            {
                value_type: [place[name] for name in names if name in place]
                for value_type, names in typed_columns(entity).items()
            }
        )

    def sort(self, part: Part) -> Vetted:
        """Tell the rows about which there is no doubt from the others."""
        is_hopeless = self._seen_count > _TRIAL and self._ready_count < self._seen_count * _WORTHWHILE
        self._seen_count += part.row_count
        if is_hopeless or not part.row_count:
            return Vetted(b"", 0, part.numbered(self._delimiter))
        rows = self._read(part) if part.columns is None else part.columns
        try:
            judged = {name: _judge(column, rows[name], self._now) for name, column in self._columns.items()}
        except pa.ArrowInvalid:  # a day that does not exist: pyarrow does not say in which row
            return Vetted(b"", 0, part.numbered(self._delimiter))
        masks = [mask for one in judged.values() for mask in one.masks]
        masks += [pc.is_null(rows[name]) for name in self._unknown if rows[name].null_count < rows.num_rows]
        canonical = {name: one.canonical for name, one in judged.items()}
        doubtful = b""
        if masks:
            good = reduce(pc.and_, masks)
            doubtful = as_csv(rows.filter(pc.invert(good)), self._delimiter)
            rows = rows.filter(good)
            canonical = {name: values.filter(good) for name, values in canonical.items()}
        self._ready_count += rows.num_rows
        self.values.add(rows)
        is_plain = part.first_line is not None and "\\" not in part.text and "\t" not in part.text
        ready = self._ready(rows, canonical, _unescaped if is_plain else _escaped)
        return Vetted(ready, rows.num_rows, doubtful, self._sums(rows))

    def _read(self, part: Part) -> pa.RecordBatch:
        content = part.text.encode()
        has_numbers = part.first_line is None
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(
                column_names=self._names if has_numbers else self._names[1:], block_size=len(content) + 1
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=has_numbers),
            convert_options=self._convert,
        )
        if part.first_line is not None:
            lines = pa.array(range(part.first_line, part.first_line + part.row_count), pa.int64())
            table = table.add_column(0, "_line", lines)
        [batch] = table.combine_chunks().to_batches()
        return batch

    def _ready(
        self,
        rows: pa.RecordBatch,
        canonical: Mapping[str, pa.StringArray],
        escape: Callable[[pa.StringArray], pa.StringArray],
    ) -> bytes:
        """Write rows in the text format of COPY, all at once."""
        if not rows.num_rows:
            return b""
        hashes = _hashes([(column.name, canonical[name]) for name, column in self._columns.items()])
        cells = [
            pc.cast(rows["_line"], pa.string()),
            *(escape(rows[name]) for name in self._columns),
            hashes,
            self._end,
        ]
        written = pc.binary_join_element_wise(*cells, "\t", null_handling="replace", null_replacement="\\N")
        _, offsets, content = written.buffers()
        return bytes(memoryview(content)[: memoryview(offsets).cast("i")[len(written)]])

    def _sums(self, rows: pa.RecordBatch) -> dict[str, Decimal]:
        exact = pa.decimal128(38, _FRACTION)
        return {
            column: pc.sum(pc.cast(rows[name], exact)).as_py() or Decimal(0)
            for name, column in self._amounts.items()
        }


def _unescaped(values: pa.StringArray) -> pa.StringArray:
    return values


def _escaped(values: pa.StringArray) -> pa.StringArray:
    """Escape what has a meaning in the text format of COPY."""
    if pc.any(pc.match_substring_regex(values, r"[\\\t\n\r]")).as_py():
        for sign, written in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
            values = pc.replace_substring(values, sign, written)
    return values


# --- the rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Judged:
    """A column's values: masks of those that are plain (none where all are), and the one text that each stands for."""

    masks: Sequence[pa.BooleanArray]
    canonical: pa.StringArray


def _judge(column: Column, values: pa.StringArray, now: datetime) -> _Judged:
    is_empty = values.null_count == len(values)
    conditions = [] if is_empty else list(_conditions(column, values, now))
    masks = [condition for condition in conditions if condition.false_count]
    if column.is_required and values.null_count:
        masks.append(pc.is_valid(values))
    masks = [pc.fill_null(mask, True) for mask in masks]
    form = _CANONICAL.get(column.data_type)
    if is_empty or form is None:
        return _Judged(masks, values)
    return _Judged(masks, form(pc.if_else(reduce(pc.and_, masks), values, None) if masks else values))


def _conditions(column: Column, values: pa.StringArray, now: datetime) -> Iterator[pa.BooleanArray]:
    """Yield what must hold of each value that there is."""
    if pc.max(pc.binary_length(values)).as_py() > limit_of(column):
        yield pc.less_equal(pc.binary_length(values), limit_of(column))
    if column.accepted_values:
        is_accepted = pc.is_in(values, value_set=pa.array(column.accepted_values))
        yield pc.or_(is_accepted, pc.is_null(values))
    if column.data_type == "text":
        if column.is_required:
            yield pc.match_substring_regex(values, _PRINTABLE_FIRST)
        if column.key_position is not None or column.semantic_type in LONG_NUMBERS:
            yield pc.invert(pc.match_substring(values, _SPREADSHEET))
    elif column.decimal_separator == "." and column.date_order == "ymd" and column.data_type in _FORMS:
        yield pc.match_substring_regex(values, _FORMS[column.data_type])
        if column.data_type in ("date", "timestamptz"):
            yield pc.greater_equal(values, "1900")
            yield pc.less_equal(values, last_moment(column, now))
    else:  # JSON, and what the French write
        yield pc.is_null(values)


def _number(values: pa.StringArray) -> pa.StringArray:
    """As trim_scale has it: no noughts at the end of a fraction."""
    trimmed = pc.ascii_rtrim(pc.ascii_rtrim(values, "0"), ".")
    return pc.if_else(pc.match_substring(values, "."), trimmed, values)


def _truth(values: pa.StringArray) -> pa.StringArray:
    is_true = pc.is_in(values, value_set=pa.array(TRUTHS[::2]))
    return pc.if_else(pc.is_null(values), None, pc.if_else(is_true, "true", "false"))


def _day(values: pa.StringArray) -> pa.StringArray:
    pc.cast(values, pa.date32())  # raises where there is no such day
    return values


def _moment(values: pa.StringArray) -> pa.StringArray:
    """In UTC, as PostgreSQL writes it: 2025-03-01 14:42:10.5."""
    moments = pc.cast(pc.cast(values, pa.timestamp("us", "UTC")), pa.timestamp("us"))
    try:
        return pc.cast(pc.cast(moments, pa.timestamp("s")), pa.string())
    except pa.ArrowInvalid:  # some have a fraction of a second
        return pc.ascii_rtrim(pc.ascii_rtrim(pc.cast(moments, pa.string()), "0"), ".")


_CANONICAL = {
    "numeric": _number,
    "boolean": _truth,
    "date": _day,
    "timestamptz": _moment,
}


def _hashes(columns: Sequence[tuple[str, pa.StringArray]]) -> pa.StringArray:
    """The _row_hash of each row, as `statements.row_hash` computes it in SQL."""
    pieces: list[Any] = []
    for name, values in columns:
        label = f"{_SEPARATOR}{name}="
        if values.null_count == 0:
            pieces += [label, values]
        elif values.null_count < len(values):
            pieces.append(pc.binary_join_element_wise(label, values, ""))
    texts = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    _, offsets, data = texts.buffers()
    ends = memoryview(offsets).cast("i")[: len(texts) + 1]
    content = memoryview(data)
    return pa.array(  # without the first separator
        [
            hashlib.md5(content[begin + 1 : end], usedforsecurity=False).hexdigest()
            for begin, end in pairwise(ends)
        ],
        pa.string(),
    )
