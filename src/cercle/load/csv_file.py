"""CSV: whole blocks pass as they are where nothing in them needs care, and row by row where something does."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from cercle.contracts import Entity
from cercle.load.blocks import LONGEST_RECORD, Block, read_blocks, visible
from cercle.load.opening import FileRefusedError
from cercle.load.result import Unreadable
from cercle.load.rows import LINE_END, Field, Part, match_header, unreadable, write_rows

__all__ = ["CsvReader"]

_MOST_LINES = 20_000  # of one row; a quote that is still open then was never meant as one
csv.field_size_limit(LONGEST_RECORD + 1)


class _TooLongError(Exception):
    """A quote stayed open for longer than a row may be."""


class CsvReader:
    """Reads CSV with a header.

    A block whose lines are rows as they stand, with quotes only around whole cells, goes to COPY as it is, the line
    number before each row. Any other goes through the csv module, strictly. Where a quote is never closed just the line
    with it is rejected, and reading goes on behind it: one bad quote does not swallow the rest of the file.
    """

    row_format: str | None = "csv"
    header: str | None = None

    def __init__(self, stream: BinaryIO, entity: Entity) -> None:
        self._entity = entity
        self.delimiter = entity.delimiter
        self._quoted_cell = _quoted_cell(entity.delimiter)
        self.longest = 0
        self.fields: list[Field] = []
        self.extra_columns: set[str] = set()
        self._blocks = read_blocks(stream, entity.encoding)
        self._block = Block(1, "")
        self._next = 0  # index of the line in the block that is read next
        self._taken: list[str] = []  # lines of the row that is being read
        self._taken_size = 0
        self._last = 0  # number of the line that was read last
        self._again: deque[tuple[int, str]] = (
            deque()
        )  # lines to read again after a misplaced quote: number, text
        self._is_suspect = False  # some line since the part began holds what is no text
        self._read_header()

    # --- the header ---

    def _read_header(self) -> None:
        if not self._advance():
            raise FileRefusedError("The file is empty", remedy="Deliver it with at least a header")
        if not self._entity.has_header:
            self.fields = [Field(column) for column in self._entity.columns]
            return
        if self._block.is_overlong:
            raise FileRefusedError("The first line is too long for a header", remedy="Is it a CSV file?")
        line = self._block.lines[0].rstrip("\r")
        if "\x00" in line or any("\udc80" <= char <= "\udcff" for char in line):
            raise FileRefusedError(
                f"The header is not {self._entity.encoding}",
                remedy="Export in that encoding, or name it in the contract",
            )
        try:
            names = next(csv.reader([line], delimiter=self.delimiter, strict=True), [])
        except csv.Error:
            raise FileRefusedError("The header is not valid CSV", remedy="Mend its quotes") from None
        self.header = line
        self.fields = match_header(names, self._entity)
        self.extra_columns = {field.extra_name for field in self.fields if field.extra_name}
        self._next = 1

    # --- parts ---

    def parts(self) -> Iterator[Part]:
        """Yield the rows block by block."""
        while self._next < len(self._block.lines) or self._again or self._advance():
            block = self._block
            if block.is_overlong and not self._again:
                self._next = len(block.lines)
                yield Part(unreadable=[self._overlong(block)])
                continue
            plain = None if block.is_suspect or self._again else self._plain(block)
            yield plain if plain is not None else self._careful()

    def _plain(self, block: Block) -> Part | None:
        """The rest of a block whose lines are rows as they stand, None where a line needs parsing."""
        lines = block.lines[self._next :] if self._next else block.lines
        text = "\n".join(lines) if self._next else block.text
        if "\r" in text:
            text = f"{text}\n".replace("\r\n", "\n")[:-1]
            if "\r" in text:
                return None
            lines = text.split("\n")
        bare_lines = lines
        if '"' in text:
            bare = self._quoted_cell.sub("", f"\n{text}\n")
            if '"' in bare:
                return None
            bare_lines = bare[1:-1].split("\n")
        first = block.first_line + self._next
        self._next = len(block.lines)
        self.longest = max(self.longest, *map(len, lines))
        mark, wanted = self.delimiter, len(self.fields) - 1
        counts = [line.count(mark) for line in bare_lines]
        if wanted and set(counts) == {wanted}:
            return Part(f"{text}\n", len(lines), first_line=first)
        rows: list[str] = []
        bad: list[Unreadable] = []
        for number, (line, count) in enumerate(zip(lines, counts, strict=True), first):
            if count == wanted and line:
                rows.append(f"{number}{mark}{line}")
            elif line:
                bad.append(self._wrong_count(number, count + 1, line))
        return Part(LINE_END.join([*rows, ""]) if rows else "", len(rows), bad)

    def _careful(self) -> Part:
        """The rest of a block, row by row; a row that ends in the next block ends the part."""
        rows: list[list[str | int]] = []
        bad: list[Unreadable] = []
        suspects: dict[int, str] = {}
        block = self._block
        self._is_suspect = block.is_suspect or bool(self._again)
        for line, cells, text in self._records():
            if isinstance(cells, str):
                bad.append(unreadable(line, cells, visible(text)))
            elif len(cells) != len(self.fields):
                bad.append(self._wrong_count(line, len(cells), text))
            else:
                self.longest = max(self.longest, len(text))
                rows.append([line, *cells])
                if self._is_suspect:
                    suspects[line] = text
            if self._block is not block:
                break
        rows, unsafe = _without_bad_bytes(rows, suspects, self._entity.encoding)
        part = write_rows(rows, lambda line: visible(suspects.get(line, "")), self.delimiter)
        everything = [*bad, *unsafe, *part.unreadable]
        return Part(part.text, part.row_count, sorted(everything, key=lambda row: row.line))

    def _records(self) -> Iterator[tuple[int, list[str] | str, str]]:
        """Rows to the end of the block: line, cells (or why there are none), text. Blank lines are no rows."""
        while True:
            reader = csv.reader(self._feed(), delimiter=self.delimiter, strict=True)
            self._taken, self._taken_size = [], 0
            try:
                for cells in reader:
                    text, line = "\n".join(self._taken), self._line_of_taken()
                    self._taken, self._taken_size = [], 0
                    if cells:
                        yield line, cells, text
                return
            except (csv.Error, _TooLongError):
                line, taken = self._line_of_taken(), self._taken
                self._again.extendleft(
                    (line + offset, taken[offset]) for offset in range(len(taken) - 1, 0, -1)
                )
                self._taken, self._taken_size = [], 0
                yield line, "bad_csv", taken[0]

    def _feed(self) -> Iterator[str]:
        """Lines for the csv module; between two rows it stops at the end of a block."""
        while True:
            if self._again:
                self._last, text = self._again.popleft()
            else:
                if self._next >= len(self._block.lines) and not (self._taken and self._advance()):
                    return
                if self._block.is_overlong:
                    return
                text = self._block.lines[self._next]
                self._last = self._block.first_line + self._next
                self._next += 1
            self._taken.append(text)
            self._taken_size += len(text) + 1
            if len(self._taken) > _MOST_LINES or self._taken_size > LONGEST_RECORD:
                raise _TooLongError
            yield text + "\n"

    def _line_of_taken(self) -> int:
        return self._last - len(self._taken) + 1

    def _advance(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        self._block, self._next = block, 0
        self._is_suspect |= block.is_suspect
        return True

    # --- what a row is rejected for ---

    def _wrong_count(self, line: int, count: int, text: str) -> Unreadable:
        detail = f"{count} cells, and the header {len(self.fields)}"
        return unreadable(line, "wrong_cell_count", visible(text), detail)

    def _overlong(self, block: Block) -> Unreadable:
        return unreadable(
            block.first_line, "row_too_long", visible(block.lines[0]), f"{LONGEST_RECORD >> 20} MiB"
        )

    def payloads(self, lines: Iterator[int]) -> Iterator[tuple[int, str]]:
        """Yield rows as they stand in the file, for ascending lines on which rows begin."""
        wanted = next(lines, None)
        while wanted is not None and (self._next < len(self._block.lines) or self._again or self._advance()):
            block = self._block
            end = block.first_line + len(block.lines)
            if (block.is_overlong and not self._again) or not (
                block.is_suspect or self._again or '"' in "".join(block.lines[self._next :])
            ):
                while wanted is not None and wanted < end:
                    yield wanted, visible(block.lines[wanted - block.first_line])
                    wanted = next(lines, None)
                self._next = len(block.lines)
                continue
            for line, _, text in self._records():
                if line == wanted:
                    yield line, visible(text)
                    wanted = next(lines, None)

    def finish(self) -> None:
        """Nothing: the header told all."""


def _quoted_cell(delimiter: str) -> re.Pattern[str]:
    """A whole cell in quotes on one line, as RFC 4180 has it; a quote that is in none may be misplaced."""
    around = re.escape(f"{delimiter}\n")
    return re.compile(rf'"(?<=[{around}]")(?:[^"\n]++|"")*+"(?=[{around}])')


def _without_bad_bytes(
    rows: list[list[str | int]], raw: dict[int, str], encoding: str
) -> tuple[list[list[str | int]], list[Unreadable]]:
    """Set rows aside whose bytes are not of the encoding; NULs are seen to when the rows are written."""
    good: list[list[str | int]] = []
    bad: list[Unreadable] = []
    for row in rows:
        text = raw.get(int(row[0]), "")
        if any("\udc80" <= char <= "\udcff" for char in text):
            bad.append(unreadable(int(row[0]), "bad_encoding", visible(text), encoding))
        else:
            good.append(row)
    return good, bad
