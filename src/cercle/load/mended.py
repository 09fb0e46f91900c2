"""Rejected rows, loaded once more when they, or the contract, have been mended."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from cercle.errors import EXIT_USAGE, CercleError
from cercle.load.loader import load_file, loading_connection
from cercle.load.result import LoadResult
from cercle.settings import Settings
from cercle.sources import get_source

__all__ = ["load_rejected"]

# What was no text is shown as \xff in a payload: loaded again, the sign itself would be stored.
_NOT_AS_IT_STOOD = re.compile(r"\\x[0-9a-f]{2}|\\ud[0-9a-f]{3}|… \[cut at ")


@dataclass(frozen=True)
class _Earlier:
    """The load whose rows were rejected."""

    source: str
    entity: str
    file_name: str
    row_format: str | None
    header: str | None


def load_rejected(settings: Settings, load_id: int) -> LoadResult:
    """Load the rejected rows of a load again, as they stand in ops.rejected_rows now; each notes its new load.

    What is rejected again stands among the rejected rows of the new load.

    Args:
        settings: where the database is.
        load_id: of the load that rejected them.

    Raises:
        CercleError: there is no such load, nothing is left to mend, or its rows cannot be made a file again.
    """
    with loading_connection(settings) as connection:
        earlier = _earlier(connection, load_id)
        rows = connection.execute(
            """
            select rejected_row_id, payload
            from ops.rejected_rows
            where load_id = %s and mended_by_load_id is null and payload is not null
            order by line, rejected_row_id
            """,
            (load_id,),
        ).fetchall()
        connection.commit()
        whole = {row_id: payload for row_id, payload in rows if not _NOT_AS_IT_STOOD.search(payload)}
        if not whole:
            raise CercleError(
                f"No rejected row of load {load_id} is left that can be loaded again",
                where="ops.rejected_rows",
                remedy="Rows that were no text, or were cut, come in a mended file",
            )
        source = get_source(settings, earlier.source)
        encoding = source.plugin.contract.entity(earlier.entity).encoding
        with tempfile.TemporaryDirectory(dir=settings.home) as folder:
            path = Path(folder) / f"rows.{earlier.row_format}"
            path.write_bytes(_as_file(earlier, list(whole.values()), encoding))
            result = load_file(
                settings,
                source,
                path,
                earlier.entity,
                connection=connection,
                file_name=f"{earlier.file_name}, rejected by load {load_id}",
                repeats_load_id=load_id,
            )
        if result.load_id is not None and result.state != "refused":
            connection.execute(
                "update ops.rejected_rows set mended_by_load_id = %s where rejected_row_id = any(%s)",
                (result.load_id, list(whole)),
            )
            connection.commit()
    return result


def _earlier(connection: psycopg.Connection, load_id: int) -> _Earlier:
    row = connection.execute(
        "select source, entity, file_name, row_format, header from ops.loads where load_id = %s", (load_id,)
    ).fetchone()
    if row is None:
        raise CercleError(f"There is no load {load_id}", where="ops.loads", exit_code=EXIT_USAGE)
    earlier = _Earlier(*row)
    if earlier.row_format is None:
        raise CercleError(
            f"The rows of load {load_id} cannot be made a file again: they were no lines of CSV or JSON",
            where=earlier.file_name,
            remedy="Load the mended file; what is known already is not stored twice",
        )
    return earlier


def _as_file(earlier: _Earlier, payloads: list[str], encoding: str) -> bytes:
    lines = [earlier.header, *payloads] if earlier.header is not None else payloads
    try:
        return "".join(f"{line}\n" for line in lines).encode(encoding)
    except UnicodeEncodeError:
        raise CercleError(
            f"A mended row has a sign that {encoding} does not",
            where="ops.rejected_rows",
            remedy="Replace it",
        ) from None
