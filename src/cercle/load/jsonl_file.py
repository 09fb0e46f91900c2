"""JSON lines: one object per line; a line that is none is rejected alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from cercle.contracts import Entity
from cercle.load.blocks import LONGEST_RECORD, Block, read_blocks, visible
from cercle.load.result import Unreadable
from cercle.load.rows import Field, ObjectRows, Part, UnreadableValueError, unreadable, write_rows

__all__ = ["JsonLinesReader"]


class JsonLinesReader:
    """Reads JSON lines. Keys are matched as they are written; unknown ones go to `_extra`."""

    delimiter = ","
    row_format: str | None = "jsonl"
    header: str | None = None

    def __init__(self, stream: BinaryIO, entity: Entity) -> None:
        self._encoding = entity.encoding
        self._objects = ObjectRows(entity)
        self._blocks = read_blocks(stream, entity.encoding)
        self._row_count = 0
        self.longest = 0

    @property
    def fields(self) -> list[Field]:
        """All columns of the contract, then `_extra`."""
        return self._objects.fields

    @property
    def extra_columns(self) -> set[str]:
        """Keys that the contract does not know."""
        return self._objects.extra_columns

    def parts(self) -> Iterator[Part]:
        """Yield the rows block by block."""
        for block in self._blocks:
            yield self._part(block)

    def _part(self, block: Block) -> Part:
        if block.is_overlong:
            detail = f"{LONGEST_RECORD >> 20} MiB"
            return Part(
                unreadable=[unreadable(block.first_line, "row_too_long", visible(block.lines[0]), detail)]
            )
        rows: list[list[Any]] = []
        bad: list[Unreadable] = []
        cells = self._objects.cells
        self.longest = max(self.longest, *map(len, block.lines))
        for number, line in enumerate(block.lines, block.first_line):
            try:
                item = orjson.loads(line)
            except ValueError:  # orjson's error, and that of lone surrogates
                if line and not line.isspace():
                    bad.append(self._not_json(number, line))
                continue
            if type(item) is not dict:
                bad.append(unreadable(number, "not_an_object", visible(line)))
                continue
            try:
                rows.append([number, *cells(item)])
            except UnreadableValueError as error:
                bad.append(unreadable(number, str(error), visible(line), self._encoding))
        self._row_count += len(rows)
        part = write_rows(rows, lambda line: visible(block.lines[line - block.first_line]), self.delimiter)
        return Part(part.text, part.row_count, sorted([*bad, *part.unreadable], key=lambda row: row.line))

    def _not_json(self, number: int, line: str) -> Unreadable:
        if any("\udc80" <= char <= "\udcff" for char in line):
            return unreadable(number, "bad_encoding", visible(line), self._encoding)
        code = "nul_byte" if "\x00" in line else "bad_json"
        return unreadable(number, code, visible(line))

    def payloads(self, lines: Iterator[int]) -> Iterator[tuple[int, str]]:
        """Yield the lines of the file with the given, ascending numbers."""
        wanted = next(lines, None)
        for block in self._blocks:
            while wanted is not None and wanted < block.first_line + len(block.lines):
                yield wanted, visible(block.lines[wanted - block.first_line])
                wanted = next(lines, None)
            if wanted is None:
                return

    def finish(self) -> None:
        """Refuse the file where a required column was in none of its rows."""
        self._objects.refuse_missing(self._row_count)
