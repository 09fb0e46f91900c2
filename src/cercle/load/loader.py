"""The loader: one file, one transaction; every row of it stored, known, rejected or suppressed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from cercle import db
from cercle.errors import EXIT_DATABASE, EXIT_REFUSED, CercleError
from cercle.load.blocks import visible
from cercle.load.delivery import Delivery
from cercle.load.opening import FileRefusedError, file_sha256
from cercle.load.result import LoadResult
from cercle.load.steps import Load
from cercle.settings import Settings
from cercle.sources import Source, get_source

__all__ = ["load_file", "loading_connection"]


class _DryRunError(Exception):
    """Ends a dry run's transaction; its argument is the result."""


def load_file(  # noqa: PLR0913 (all but the first four are optional, and by name)
    settings: Settings,
    source: str | Source,
    path: Path,
    entity: str,
    *,
    connection: psycopg.Connection | None = None,
    file_name: str | None = None,
    run_id: str | None = None,
    is_dry_run: bool = False,
    on_rows: Callable[[int], None] | None = None,
    repeats_load_id: int | None = None,
) -> LoadResult:
    """Load one file: one transaction with its row in ops.loads. Killed anywhere, it leaves nothing.

    Args:
        settings: where the database is, and the secret of pseudonyms.
        source: source instance, or its name.
        path: the file; CSV, JSON lines or Parquet, plain or packed with gzip or zstd, or what the plugin parses.
        entity: of the source's contract.
        connection: without an open transaction; by default one of its own.
        file_name: as it is to stand in ops.loads; by default the file's name.
        run_id: of the run that loads, to find it again.
        is_dry_run: load, count, and leave nothing.
        on_rows: called now and then with the number of further rows read.
        repeats_load_id: the file holds the rejected rows of this load: it is no delivery that was seen before.

    Returns:
        The result, also where the file was refused or had been loaded before.

    Raises:
        CercleError: there is no such source or entity, the file is not there, or the database refuses.
    """
    clock = time.perf_counter()
    instance = get_source(settings, source) if isinstance(source, str) else source
    found = instance.plugin.contract.entity(entity)
    if not path.is_file():
        raise CercleError("There is no such file", where=str(path))
    status = path.stat()
    sha256, byte_count = file_sha256(path)
    if repeats_load_id is not None:
        sha256 = hashlib.sha256(f"{sha256} {repeats_load_id}".encode()).hexdigest()
    name = visible(file_name or path.name)
    delivery = Delivery(instance, found, path, name, sha256, byte_count, run_id, datetime.now(UTC))
    with loading_connection(settings, connection) as own:
        try:
            with own.transaction():
                result = Load(own, delivery, settings, on_rows).run()
                _refuse_change(path, status)
                if is_dry_run and result.state == "loaded":
                    raise _DryRunError(result)
        except _DryRunError as dry:
            result = replace(dry.args[0], state="dry_run", load_id=None)
        except FileRefusedError as refusal:
            result = _refuse(own, delivery, refusal, is_dry_run)
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise
            # The driver's message may quote a row, and with it a person.
            raise CercleError(
                f"The database refused the load ({type(error).__name__}, SQLSTATE {error.sqlstate})",
                where=f"{instance.name} {entity} {name}",
                remedy="CERCLE_DEBUG=1 shows all of it, personal values perhaps included",
                exit_code=EXIT_DATABASE if db.is_passing(error) else EXIT_REFUSED,
            ) from error
    return replace(result, seconds=round(time.perf_counter() - clock, 3))


def _refuse_change(path: Path, before: os.stat_result) -> None:
    """Refuse a file that is no longer what was hashed: its rows would stand in raw, and be missing from its hash."""
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileRefusedError(
            "The file changed while it was read",
            remedy="Write it under a name that ends in .part, and rename it when it is complete",
        )


@contextmanager
def loading_connection(
    settings: Settings, given: psycopg.Connection | None = None
) -> Iterator[psycopg.Connection]:
    """Give the connection that was given, else one of its own that is made for loading."""
    if given is not None:
        yield given
        return
    with db.connect(settings, application_name="cercle load") as own:
        own.execute("set temp_buffers = '64MB'")
        own.commit()
        yield own


def _refuse(
    connection: psycopg.Connection, delivery: Delivery, refusal: FileRefusedError, is_dry_run: bool
) -> LoadResult:
    """Keep a row in ops.loads about a file of which nothing was taken."""
    load_id = None
    if not is_dry_run:
        with connection.transaction():
            load_id = delivery.insert_load(connection, "refused", str(refusal))
    return LoadResult(
        state="refused",
        source=delivery.source.name,
        entity=delivery.entity.name,
        file=delivery.file_name,
        load_id=load_id,
        message=str(refusal),
    )
