"""JSON as systems give it, by the paths of a contract: API pages, arrays of events, exports with one object per line.

An entity with a `rowPath` says where its rows stand in a document, and its columns where their values stand in a row;
so most vendors need no parser of their own. docs/contracts.md tells how paths are written.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO, cast

import orjson

from cercle.contracts import Column, Entity
from cercle.load.blocks import LONGEST_RECORD, read_blocks, visible
from cercle.load.opening import FileRefusedError
from cercle.load.rows import unreadable
from cercle.sources import BadRow, ParseContext

__all__ = ["JsonDocumentParser"]

_LARGEST_DOCUMENT = 16 << 20  # bytes; parsed it takes some ten times as much memory
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS = 10**11  # as seconds that would be the year 5138

Row = tuple[int, Mapping[str, Any]]


class JsonDocumentParser:
    """A parser (see cercle.sources) that finds an entity's rows by its contract. A row's line is its number, from 1."""

    def __init__(self, entity: Entity) -> None:
        """Read the paths once.

        Args:
            entity: one with row_paths.
        """
        self._row_paths = [_steps(path) for path in entity.row_paths]
        self._values = [_Value.of(column) for column in entity.columns]
        own = {path.names[0] for value in self._values for path in value.paths if path.levels_up == 0}
        self._known = own | set(entity.fields_left_out)

    def __call__(self, stream: BinaryIO, context: ParseContext) -> Iterator[Row | BadRow]:
        """Yield the rows of every document of a file.

        Raises:
            FileRefusedError: the file is one JSON document that is too large.
        """
        line = 0
        for document, bad_line in _documents(stream):
            rows = [bad_line] if bad_line is not None else self._rows(document)
            for row in rows:
                line += 1
                if isinstance(row, list):
                    yield line, self._columns(row)
                else:
                    yield BadRow(
                        line, unreadable(line, row.code, None, row.detail).reason, row.payload, row.code
                    )

    def _rows(self, document: Any) -> Iterator[list[Mapping[str, Any]] | _Unread]:
        """Yield each row behind the objects in which it stands, outermost first."""
        if isinstance(document, list):
            for item in document:
                yield from self._rows(item)
        elif isinstance(document, dict):
            fitting = (steps for steps in self._row_paths if not steps or steps[0].name in document)
            yield from _walk([document], next(fitting, self._row_paths[-1]))
        else:
            yield _Unread("not_an_object", _shown(document))

    def _columns(self, chain: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        columns = {value.name: value.read(chain) for value in self._values}
        unknown = {name: found for name, found in chain[-1].items() if name not in self._known}
        return {**unknown, **columns}


# --- paths ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    name: str
    is_list: bool


@dataclass(frozen=True)
class _Unread:
    code: str
    payload: str
    detail: str = ""


def _steps(path: str) -> list[_Step]:
    """`orders[].line_items[]`: two lists, one in the items of the other. `.` is the document itself."""
    names = [] if path == "." else path.split(".")
    return [_Step(name.removesuffix("[]"), name.endswith("[]")) for name in names]


def _walk(
    chain: list[Mapping[str, Any]], steps: Sequence[_Step]
) -> Iterator[list[Mapping[str, Any]] | _Unread]:
    if not steps:
        yield chain
        return
    found = chain[-1].get(steps[0].name)
    if found is None:
        return
    items = found if steps[0].is_list and isinstance(found, list) else [found]
    for item in items:
        if isinstance(item, dict):
            yield from _walk([*chain, item], steps[1:])
        else:
            yield _Unread("not_an_object", _shown(item))


@dataclass(frozen=True)
class _Path:
    """`^^requester.email`: in the object two levels up, the e-mail of the requester."""

    levels_up: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Path:
        names = text.lstrip("^")
        return cls(len(text) - len(names), tuple(names.split(".")))

    def find(self, chain: Sequence[Mapping[str, Any]]) -> Any:
        found: Any = chain[-1 - self.levels_up] if self.levels_up < len(chain) else None
        for name in self.names:
            if isinstance(found, list):
                found = found[int(name)] if name.isdecimal() and int(name) < len(found) else None
            else:
                found = found.get(name) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True)
class _Value:
    """Where a column's value stands, and how it is written."""

    name: str
    paths: tuple[_Path, ...]
    time_format: str | None
    prefix: str
    is_json: bool

    @classmethod
    def of(cls, column: Column) -> _Value:
        paths = tuple(map(_Path.of, column.source_names))
        is_json = column.data_type == "jsonb"
        return cls(column.source_names[0], paths, column.time_format, column.value_prefix, is_json)

    def read(self, chain: Sequence[Mapping[str, Any]]) -> Any:
        found = next((value for path in self.paths if (value := path.find(chain)) not in (None, "")), None)
        if found is None:
            return None
        if self.time_format is not None:
            return _as_time(found, self.time_format)
        if self.prefix:
            return f"{self.prefix}{found}"
        return _shown(found) if self.is_json else found


def _as_time(value: Any, time_format: str) -> Any:
    """A time in ISO 8601; what cannot be read is left for the contract's rules to reject."""
    try:
        if time_format == "rfc_2822":
            return parsedate_to_datetime(value).isoformat()
        number = float(value)
        unit = "milliseconds" if abs(number) >= _FIRST_MILLISECONDS else "seconds"
        return (_EPOCH + timedelta(**{unit: number})).isoformat()
    except (ValueError, TypeError, OverflowError):
        return value


# --- documents --------------------------------------------------------------------------------------------


def _documents(stream: BinaryIO) -> Iterator[tuple[Any, _Unread | None]]:
    """Yield the file's one document, else one document per line; a line that is none comes as unread."""
    head = stream.read(_LARGEST_DOCUMENT + 1).removeprefix(b"\xef\xbb\xbf")
    if len(head) <= _LARGEST_DOCUMENT:
        try:
            yield orjson.loads(head), None
        except ValueError:
            pass
        else:
            return
    first = head.lstrip().partition(b"\n")[0].strip()
    if first.endswith((b"{", b"[", b",")):
        raise FileRefusedError(
            f"The file is one JSON document that is damaged, or larger than {_LARGEST_DOCUMENT >> 20} MiB",
            remedy="Export it again, in smaller pages or with one object per line",
        )
    for block in read_blocks(cast(BinaryIO, _Continued(head, stream))):
        for text in block.lines:
            if block.is_overlong:
                yield None, _Unread("row_too_long", visible(text), f"{LONGEST_RECORD >> 20} MiB")
            elif text and not text.isspace():
                yield _read_line(text)


def _read_line(text: str) -> tuple[Any, _Unread | None]:
    try:
        return orjson.loads(text), None
    except ValueError:  # orjson's error, and that of lone surrogates
        return None, _Unread("bad_json", visible(text))


class _Continued:
    """A stream of which the beginning has been read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Read on: first what has been read already."""
        return self._head.read(size) or self._rest.read(size)


def _shown(value: Any) -> str:
    return visible(orjson.dumps(value).decode())
