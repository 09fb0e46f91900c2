"""A file on its way in: what it is, its row in ops.loads, and the reader that its format needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from cercle.contracts import Entity
from cercle.load.csv_file import CsvReader
from cercle.load.json_document import JsonDocumentParser
from cercle.load.jsonl_file import JsonLinesReader
from cercle.load.object_file import ParquetReader, ParsedReader
from cercle.load.opening import format_of, open_decompressed, start_of_text
from cercle.load.rows import RowReader
from cercle.sources import ParseContext, Parser, Source

__all__ = ["Delivery"]


@dataclass(frozen=True)
class Delivery:
    """One file of a source.

    Attributes:
        source: that delivers it.
        entity: of the source's contract.
        path: of the file.
        file_name: as it stands in ops.loads.
        sha256: of its bytes.
        byte_count: of the file.
        run_id: of the run that loads it.
        started_at: when the load began.
    """

    source: Source
    entity: Entity
    path: Path
    file_name: str
    sha256: str
    byte_count: int
    run_id: str | None
    started_at: datetime

    @property
    def has_lines(self) -> bool:
        """Whether its rows can be read again as they stand; else their columns are all there is."""
        return self._parser is None and format_of(self.path) != "parquet"

    @property
    def _parser(self) -> Parser | None:
        """What reads its rows, where they are not plain CSV, JSON lines or Parquet."""
        own = self.source.plugin.parsers.get(self.entity.name)
        return JsonDocumentParser(self.entity) if own is None and self.entity.row_paths else own

    @contextmanager
    def reader(self) -> Iterator[RowReader]:
        """Open the file with the reader that its format needs.

        Raises:
            FileRefusedError: not one row of it can be read.
        """
        parser = self._parser
        file_format = "" if parser else format_of(self.path)
        if self.entity.row_paths:
            start_of_text(self.path)
        if file_format == "parquet":
            yield ParquetReader(self.path, self.entity)
            return
        with open_decompressed(self.path) as stream:
            if parser is not None:
                context = ParseContext(self.file_name, self.source.region, self.source.time_zone)
                yield ParsedReader(stream, self.entity, parser, context)
            elif file_format == "jsonl":
                yield JsonLinesReader(stream, self.entity)
            else:
                yield CsvReader(stream, self.entity)

    def insert_load(self, connection: psycopg.Connection, state: str, reason: str | None = None) -> int:
        """Write its row in ops.loads, without counts yet; return the load's number."""
        contract = self.source.plugin.contract
        row = connection.execute(
            """
            insert into ops.loads (
                source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version, contract_sha256,
                state, state_reason, started_at, run_id
            )
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            returning load_id
            """,
            (
                self.source.name,
                self.source.plugin.name,
                self.entity.name,
                self.file_name,
                self.sha256,
                self.byte_count,
                contract.version,
                contract.sha256,
                state,
                reason,
                self.started_at,
                self.run_id,
            ),
        ).fetchone()
        assert row is not None
        return int(row[0])
