"""Blocks of whole lines, decoded: the common ground of the CSV and the JSON lines reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

__all__ = ["LONGEST_RECORD", "Block", "read_blocks", "visible"]

LONGEST_RECORD = 8 << 20  # bytes of one row, line breaks within quotes included
_LONGEST_PAYLOAD = 100_000
_READ = 1 << 20


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file.

    Attributes:
        first_line: number of the first, from 1.
        text: all of them, the last one without its line feed.
        is_suspect: some line holds bytes that are not of the encoding (as lone surrogates), or a NUL.
        is_overlong: the block is one line that was cut, for it is longer than LONGEST_RECORD.
    """

    first_line: int
    text: str
    is_suspect: bool = False
    is_overlong: bool = False

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their line feeds; a carriage return before one is still there."""
        return self.text.split("\n")


def read_blocks(stream: BinaryIO, encoding: str = "utf-8") -> Iterator[Block]:
    """Yield the lines of a stream in blocks of about a megabyte; memory stays bounded whatever the lines' length.

    Args:
        stream: decompressed bytes; a byte order mark at the start is left out.
        encoding: one in which a line feed is one byte.
    """
    line = 1
    rest = b""
    is_first = True
    while data := stream.read(_READ):
        if is_first:
            data = data.removeprefix(b"\xef\xbb\xbf")
            is_first = False
        cut = data.rfind(b"\n")
        if cut < 0:
            rest += data
            if len(rest) > LONGEST_RECORD:
                beginning, rest = rest[: _LONGEST_PAYLOAD + 1], _skip_line(stream)
                yield Block(line, beginning.decode(encoding, "surrogateescape"), is_overlong=True)
                line += 1
            continue
        whole, rest = rest + data[:cut], data[cut + 1 :]
        block = _decode(line, whole, encoding)
        yield block
        line += len(block.lines)
    if rest:
        yield _decode(line, rest, encoding)


def _skip_line(stream: BinaryIO) -> bytes:
    """Read on to the next line feed; return what follows it."""
    while data := stream.read(_READ):
        cut = data.find(b"\n")
        if cut >= 0:
            return data[cut + 1 :]
    return b""


def _decode(line: int, data: bytes, encoding: str) -> Block:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "surrogateescape")
        return Block(line, text, is_suspect=True)
    return Block(line, text, is_suspect="\x00" in text)


def visible(text: str) -> str:
    r"""Return a row as PostgreSQL can keep it: what is no text becomes \xff, a giant is cut with a note."""
    if len(text) > _LONGEST_PAYLOAD:
        text = f"{text[:_LONGEST_PAYLOAD]}… [cut at {_LONGEST_PAYLOAD} characters]"
    text = text.replace("\x00", "\\x00")
    if any("\ud800" <= char <= "\udfff" for char in text):
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text
