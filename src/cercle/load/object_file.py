"""Parquet files, and the formats of vendors through their plugin's parser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cercle.contracts import Entity
from cercle.errors import CercleError
from cercle.load.opening import DAMAGE, FileRefusedError
from cercle.load.result import Unreadable
from cercle.load.rows import (
    Field,
    ObjectRows,
    Part,
    UnreadableValueError,
    match_header,
    unreadable,
    write_rows,
)
from cercle.sources import BadRow, ParseContext, Parser

if TYPE_CHECKING:
    import pandas
    import pyarrow as pa

__all__ = ["ParquetReader", "ParsedReader"]

_ROWS_AT_ONCE = 5_000
_TEXT_AT_ONCE = 32 << 20  # characters: mails and other long texts fill the memory before the rows are many


class ParquetReader:
    """Reads Parquet in batches. A row's line is its number, from 1."""

    delimiter = ","
    row_format: str | None = None
    header: str | None = None

    def __init__(self, path: Path, entity: Entity) -> None:
        from pyarrow import parquet

        try:
            self._file = parquet.ParquetFile(path)
        except (OSError, ValueError):
            raise FileRefusedError(
                "The Parquet file is cut off or damaged", remedy="Deliver it again"
            ) from None
        names = self._file.schema_arrow.names
        matched = match_header(names, entity)
        self._columns = [
            field.column.source_names[0] if field.column else name
            for field, name in zip(matched, names, strict=True)
        ]
        self._objects = ObjectRows(entity)
        self.longest = 1 << 30  # not measured: every length is checked

    @property
    def fields(self) -> list[Field]:
        """All columns of the contract, then `_extra`."""
        return self._objects.fields

    @property
    def extra_columns(self) -> set[str]:
        """Columns that the contract does not know."""
        return self._objects.extra_columns

    def parts(self) -> Iterator[Part]:
        """Yield the rows in batches."""
        import pyarrow as pa

        from cercle.load.columns import text_columns

        line = 1
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS_AT_ONCE):
                lines = pa.array(range(line, line + batch.num_rows), pa.int64())
                columns = text_columns(batch, self._columns, self.fields, lines)
                if columns is not None:
                    line += batch.num_rows
                    yield Part(row_count=batch.num_rows, columns=columns)
                    continue
                values = [_as_python(column) for column in batch.columns]
                items = [dict(zip(self._columns, row, strict=True)) for row in zip(*values, strict=True)]
                yield _part(enumerate(items, line), self._objects)
                line += len(items)
        except (OSError, ValueError):
            raise FileRefusedError(
                "The Parquet file is cut off or damaged", remedy="Deliver it again"
            ) from None

    def payloads(self, lines: Iterator[int]) -> Iterator[tuple[int, str]]:
        """Nothing: the columns are what stands in the file."""
        return iter(())

    def finish(self) -> None:
        """Nothing: the schema told all."""


def _as_python(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = column.cast(pa.string())
    values: list[Any] = column.to_pylist()
    return values


class ParsedReader:
    """Reads a vendor's format through the parser of its plugin."""

    delimiter = ","
    row_format: str | None = None
    header: str | None = None

    def __init__(self, stream: BinaryIO, entity: Entity, parser: Parser, context: ParseContext) -> None:
        self._items = parser(stream, context)
        self._objects = ObjectRows(entity)
        self._row_count = 0
        self._frame_line = 1
        self.longest = 1 << 30  # not measured: every length is checked

    @property
    def fields(self) -> list[Field]:
        """All columns of the contract, then `_extra`."""
        return self._objects.fields

    @property
    def extra_columns(self) -> set[str]:
        """Columns that the contract does not know."""
        return self._objects.extra_columns

    def parts(self) -> Iterator[Part]:
        """Yield what the parser yields, some thousand rows at once, or fewer long ones."""
        waiting: list[tuple[int, Mapping[str, Any]]] = []
        bad: list[Unreadable] = []
        size = 0
        for item in self._parsed():
            if isinstance(item, BadRow):
                bad.append(Unreadable(item.line, item.code, item.reason, item.payload))
            elif isinstance(item, tuple):
                waiting.append(item)
                size += sum(len(value) for value in item[1].values() if isinstance(value, str))
            else:
                yield from self._frame_parts(item)
            if len(waiting) + len(bad) >= _ROWS_AT_ONCE or size >= _TEXT_AT_ONCE:
                yield self._flush(waiting, bad)
                waiting, bad, size = [], [], 0
        if waiting or bad:
            yield self._flush(waiting, bad)

    def _parsed(self) -> Iterator[Any]:
        """What the parser yields; a parser that breaks refuses the file, without its message, which may quote a row."""
        try:
            yield from self._items
        except (CercleError, OSError, *DAMAGE):
            raise
        except Exception as error:
            raise FileRefusedError(
                f"The plugin's parser broke on the file ({type(error).__name__})",
                remedy="Is it a file of this entity? Else report it to the plugin's authors",
            ) from error

    def _flush(self, waiting: list[tuple[int, Mapping[str, Any]]], bad: list[Unreadable]) -> Part:
        self._row_count += len(waiting)
        part = _part(waiting, self._objects)
        return Part(part.text, part.row_count, [*bad, *part.unreadable])

    def _frame_parts(self, frame: pandas.DataFrame) -> Iterator[Part]:
        """Yield a data frame's rows: as columns, or one by one where a value needs it."""
        for start in range(0, len(frame), _ROWS_AT_ONCE):
            rows = frame.iloc[start : start + _ROWS_AT_ONCE]
            columns = self._frame_columns(rows)
            if columns is None:
                yield self._flush(list(self._frame_rows(rows)), [])
            else:
                self._row_count += len(rows)
                self._frame_line += len(rows)
                yield Part(row_count=len(rows), columns=columns)

    def _frame_columns(self, frame: pandas.DataFrame) -> pa.RecordBatch | None:
        import pyarrow as pa

        from cercle.load.columns import text_columns

        texts = frame.drop(columns="_line", errors="ignore")
        try:
            rows = pa.RecordBatch.from_pandas(texts, preserve_index=False)
            lines = pa.array(self._lines(frame), pa.int64())
        except (
            pa.ArrowInvalid,
            pa.ArrowTypeError,
            UnicodeEncodeError,
        ):  # values of several types, half a character
            return None
        columns = text_columns(rows, [str(name) for name in texts.columns], self.fields, lines)
        if columns is not None:
            self._objects.see(str(name) for name in texts.columns)
        return columns

    def _lines(self, frame: pandas.DataFrame) -> Iterable[int]:
        if "_line" in frame.columns:
            return [int(line) for line in frame["_line"]]
        return range(self._frame_line, self._frame_line + len(frame))

    def _frame_rows(self, frame: pandas.DataFrame) -> Iterator[tuple[int, Mapping[str, Any]]]:
        plain = frame.astype(object).where(frame.notna(), None).drop(columns="_line", errors="ignore")
        for line, item in zip(self._lines(frame), plain.to_dict("records"), strict=True):
            self._frame_line += 1
            yield line, {str(name): value for name, value in item.items()}

    def payloads(self, lines: Iterator[int]) -> Iterator[tuple[int, str]]:
        """Nothing: the columns are what is known of the row."""
        return iter(())

    def finish(self) -> None:
        """Refuse the file where a required column was in none of its rows."""
        self._objects.refuse_missing(self._row_count)


def _part(items: Iterable[tuple[int, Mapping[str, Any]]], objects: ObjectRows) -> Part:
    rows: list[list[Any]] = []
    bad: list[Unreadable] = []
    kept: dict[int, Mapping[str, Any]] = {}
    for line, item in items:
        kept[line] = item
        try:
            rows.append([line, *objects.cells(dict(item))])
        except UnreadableValueError as error:
            bad.append(unreadable(line, str(error), _as_payload(item), "Unicode"))
    part = write_rows(rows, lambda line: _as_payload(kept[line]))
    return Part(part.text, part.row_count, [*bad, *part.unreadable])


def _as_payload(item: Mapping[str, Any]) -> str:
    import json

    from cercle.load.blocks import visible

    return visible(json.dumps(item, default=str, ensure_ascii=False))
