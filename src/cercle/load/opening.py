"""Opening files: what they are is told by their first bytes; a cut or damaged one is refused whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from cercle.errors import CercleError

__all__ = [
    "DAMAGE",
    "FileRefusedError",
    "file_sha256",
    "format_of",
    "open_decompressed",
    "plain_suffix",
    "refuse_damage",
    "start_of_text",
]

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)
_BLOCK = 1 << 20
_ZSTD_BLOCK = 1 << 12  # may unpack to 32,768 times as much: small, so that a bomb does not fill the memory


class FileRefusedError(CercleError):
    """A file of which not one row can be taken."""


def file_sha256(path: Path) -> tuple[str, int]:
    """Return the hash of a file's bytes, and how many they are."""
    digest = hashlib.sha256()
    count = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            count += len(block)
    return digest.hexdigest(), count


def plain_suffix(path: Path) -> str:
    """Return the suffix of a file's name before .gz and .zst, in lower case: `.csv`."""
    name = path.name.lower()
    for packed in (".gz", ".gzip", ".zst", ".zstd"):
        name = name.removesuffix(packed)
    return Path(name).suffix


@contextmanager
def open_decompressed(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its plain bytes: gzip and zstd are known by their first bytes, not by the name.

    Raises:
        FileRefusedError: the file ends before its compressed stream does, or is damaged.
    """
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith(_GZIP):
            stream: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
        elif start == _ZSTD:
            stream = cast(BinaryIO, _ZstdFile(file))
        else:
            stream = file
        with refuse_damage():
            yield stream


@contextmanager
def refuse_damage() -> Iterator[None]:
    """Turn a decompressor's complaint into a refusal of the file."""
    try:
        yield
    except DAMAGE as error:
        is_cut = isinstance(error, EOFError)
        raise FileRefusedError(
            "The compressed file is cut off" if is_cut else "The compressed file is damaged",
            remedy="Deliver it again, under a name that it gets only when it is complete",
        ) from error


class _ZstdFile(io.RawIOBase):
    """Reads zstd, also several frames one after the other, and raises EOFError where the last one is cut."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._machine = zstandard.ZstdDecompressor().decompressobj()
        self._has_begun = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        wanted = size if size >= 0 else -1
        while wanted:
            if not self._ready and not self._fill():
                break
            part = self._ready if wanted < 0 else self._ready[:wanted]
            self._ready = self._ready[len(part) :]
            parts.append(part)
            if wanted > 0:
                wanted -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer)).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _fill(self) -> bool:
        while not self._ready:
            rest = self._machine.unused_data if self._machine.eof else b""
            block = rest or self._file.read(_ZSTD_BLOCK)
            if not block:
                if self._has_begun and not self._machine.eof:
                    raise EOFError
                return False
            if self._machine.eof:
                self._machine = zstandard.ZstdDecompressor().decompressobj()
            self._has_begun = True
            self._ready = self._machine.decompress(block)
        return True


def format_of(path: Path) -> str:
    """Return csv, jsonl or parquet: by the first bytes where they tell, else by the name.

    Raises:
        FileRefusedError: the file is empty, or is something else.
    """
    start = _start(path)
    if start.startswith(_PARQUET):
        return "parquet"
    text = _text(start)
    if plain_suffix(path) in (".jsonl", ".ndjson", ".json") or (
        plain_suffix(path) != ".csv" and text[:1] == b"{"
    ):
        if text[:1] == b"[":
            raise FileRefusedError(
                "The file is one JSON array", remedy="Write JSON lines: one object per line"
            )
        return "jsonl"
    return "csv"


def start_of_text(path: Path) -> bytes:
    """Return the first bytes of a text file, decompressed.

    Raises:
        FileRefusedError: the file is empty, or no text.
    """
    return _text(_start(path))


def _start(path: Path) -> bytes:
    with open_decompressed(path) as file:
        start = file.read(4096)
    if not start:
        raise FileRefusedError("The file is empty", remedy="Deliver it with at least a header")
    return start


def _text(start: bytes) -> bytes:
    for magic, what in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise FileRefusedError(f"The file is {what}", remedy="Export it as CSV, JSON lines or Parquet")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_WIDE) or start.count(b"\x00") > len(start) // 4:
        raise FileRefusedError("The file is UTF-16 or binary", remedy="Export it in UTF-8")
    if not text:
        raise FileRefusedError(
            "The file holds nothing but blanks", remedy="Deliver it with at least a header"
        )
    return text
