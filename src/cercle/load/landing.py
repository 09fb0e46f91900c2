"""The landing folder: which files are new, and loading them one by one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from cercle import db
from cercle.contracts import Contract
from cercle.errors import CercleError
from cercle.load.blocks import visible
from cercle.load.loader import load_file, loading_connection
from cercle.load.raw_tables import ensure_raw_tables
from cercle.load.result import LoadResult
from cercle.settings import Settings
from cercle.sources import Source, configured_sources, get_source

__all__ = [
    "LandingFile",
    "files_below",
    "landing_files",
    "load_landing",
    "new_landing_files",
    "seen_stamps",
    "visible_files",
]

_log = logging.getLogger(__name__)
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")


@dataclass(frozen=True)
class LandingFile:
    """A file of the landing folder.

    Attributes:
        source: that delivered it.
        entity: of the source's contract; None where neither folder nor name tell one.
        path: of the file.
        name: relative to the landing folder, as it stands in ops.
    """

    source: Source
    entity: str | None
    path: Path
    name: str

    @property
    def entities(self) -> list[str]:
        """The entity, and those that are delivered with it."""
        if self.entity is None:
            return []
        return [entity.name for entity in self.source.plugin.contract.read_from_files_of(self.entity)]


def landing_files(settings: Settings, sources: Iterable[Source]) -> list[LandingFile]:
    """Return the files of the landing folder, by source, entity and name; hidden and unfinished ones are left out.

    A file stands in `<source>/<entity>/`, or in `<source>/` with a name that begins with the entity.
    """
    found: list[LandingFile] = []
    for source in sources:
        folder = settings.landing_dir / source.name
        entities = [entity.name for entity in source.plugin.contract.entities]
        files = []
        for path in visible_files(folder):
            inner = path.relative_to(folder).parts
            entity = inner[0] if len(inner) > 1 and inner[0] in entities else None
            if entity is None and len(inner) == 1:
                entity = _entity_of(path.name, entities)
            name = visible(path.relative_to(settings.landing_dir).as_posix())
            files.append(LandingFile(source, entity, path, name))
        order = {name: position for position, name in enumerate(entities)}
        found += sorted(files, key=lambda file: (order.get(file.entity or "", len(order)), file.name))
    return found


def files_below(source: Source, path: Path, entity: str | None = None) -> list[LandingFile]:
    """Return a file, or the files below a folder, as deliveries of a source.

    Args:
        source: that delivers them.
        path: a file, or a folder.
        entity: what they hold; by default the folder that a file is in, else the start of its name, tells.

    Raises:
        CercleError: there is neither file nor folder.
    """
    if not path.exists():
        raise CercleError("There is no such file or folder", where=str(path))
    entities = [known.name for known in source.plugin.contract.entities]
    files = sorted(visible_files(path)) if path.is_dir() else [path]
    found = []
    for file in files:
        folder = file.absolute().parent.name
        told = entity or (folder if folder in entities else _entity_of(file.name, entities))
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        found.append(LandingFile(source, told, file, name))
    return found


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, hidden and unfinished ones left out; none of a folder that is not there."""
    if not folder.is_dir():
        return
    for path in folder.rglob("*"):
        is_hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        if not is_hidden and path.suffix.lower() not in _UNFINISHED and path.is_file():
            yield path


def _entity_of(file_name: str, entities: list[str]) -> str | None:
    """The longest entity that the name begins with: order_lines.csv, order_lines-paris.csv, order_lines_2025.csv."""
    for entity in sorted(entities, key=len, reverse=True):
        if re.match(rf"{entity}(?=$|[-. ]|_?\d)", file_name.lower()):
            return entity
    return None


def new_landing_files(settings: Settings) -> dict[str, dict[str, list[Path]]]:
    """Return the files that have not been looked at yet: source -> entity -> paths. Reads no file.

    Raises:
        CercleError: a source is not configured rightly, or the database cannot be reached.
    """
    files = [file for file in landing_files(settings, configured_sources(settings).values()) if file.entity]
    if not files:
        return {}
    with db.connect(settings, application_name="cercle landing") as connection:
        seen = _seen(connection)
    new: dict[str, dict[str, list[Path]]] = {}
    for file in files:
        if file.entity and not _is_seen(file, seen):
            new.setdefault(file.source.name, {}).setdefault(file.entity, []).append(file.path)
    return new


def seen_stamps(settings: Settings) -> dict[str, tuple[int, int]]:
    """Return size and time (ns) of each file that was looked at, by its name relative to the landing folder."""
    with db.connect(settings, application_name="cercle landing") as connection:
        return {name: (size, modified_ns) for name, (size, modified_ns, *_) in _seen(connection).items()}


def _seen(connection: psycopg.Connection) -> dict[str, tuple[int, int, str, str]]:
    rows = connection.execute(
        "select path, byte_count, modified_ns, outcome, contract_sha256 from ops.landing_files"
    ).fetchall()
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _is_seen(file: LandingFile, seen: dict[str, tuple[int, int, str, str]]) -> bool:
    """Whether the file is as it was when it was looked at; a refused one also waits for a mended contract."""
    if file.name not in seen:
        return False
    byte_count, modified_ns, outcome, contract_sha256 = seen[file.name]
    try:
        status = file.path.stat()
    except FileNotFoundError:  # taken away since the folder was listed
        return True
    is_same = (status.st_size, status.st_mtime_ns) == (byte_count, modified_ns)
    return is_same and (outcome != "refused" or contract_sha256 == file.source.plugin.contract.sha256)


def load_landing(
    settings: Settings,
    source: str | None = None,
    files: Iterable[Path] | None = None,
    *,
    run_id: str | None = None,
    on_file: Callable[[LandingFile, int, int], None] | None = None,
) -> list[LoadResult]:
    """Load the new files of the landing folder, in a fixed order, each in a transaction of its own.

    A file that is refused, or fails, does not stop the others.

    Args:
        settings: where landing folder and database are.
        source: only this source instance.
        files: only these files of the landing folder.
        run_id: of the run that loads.
        on_file: called before each file with it, its number and how many there are.

    Returns:
        One result per entity of each new file, and one per file that belongs to no entity (state refused, no load).

    Raises:
        CercleError: a source is not configured rightly, or the database cannot be reached.
    """
    sources = [get_source(settings, source)] if source else list(configured_sources(settings).values())
    wanted = None if files is None else {path.resolve() for path in files}
    results: list[LoadResult] = []
    with loading_connection(settings) as connection:
        with connection.transaction():
            ensure_raw_tables(connection, _contracts(sources))
        seen = _seen(connection)
        connection.commit()
        found = [
            file
            for file in landing_files(settings, sources)
            if wanted is None or file.path.resolve() in wanted
        ]
        new = [file for file in found if not _is_seen(file, seen)]
        for number, file in enumerate(new, start=1):
            if on_file is not None:
                on_file(file, number, len(new))
            results += _load(settings, connection, file, run_id)
    return results


def _contracts(sources: Iterable[Source]) -> list[Contract]:
    return list({source.plugin.name: source.plugin.contract for source in sources}.values())


def _load(
    settings: Settings, connection: psycopg.Connection, file: LandingFile, run_id: str | None
) -> list[LoadResult]:
    """Load each entity of a file; where one fails, the file stays new."""
    if file.entity is None:
        entities = ", ".join(entity.name for entity in file.source.plugin.contract.entities)
        message = (
            f"Neither folder nor name tell what it holds. Move it to a folder named after one of {entities}."
        )
        return [LoadResult("refused", file.source.name, "", file.name, message=message)]
    if not file.path.resolve().is_relative_to(settings.landing_dir.resolve()):
        message = "It is a link out of the landing folder. Copy the file into the folder."
        return [LoadResult("refused", file.source.name, file.entity, file.name, message=message)]
    results: list[LoadResult] = []
    try:
        status = file.path.stat()  # before it is read: a file that grows meanwhile is looked at again
        results.extend(
            load_file(
                settings,
                file.source,
                file.path,
                entity,
                connection=connection,
                file_name=file.name,
                run_id=run_id,
            )
            for entity in file.entities
        )
    except (CercleError, OSError) as error:
        if connection.closed:
            raise
        message = (
            str(error) if isinstance(error, CercleError) else f"{error.strerror or type(error).__name__}."
        )
        _log.warning("%s was not loaded: %s", file.name, message)
        entity = file.entities[len(results)]
        return [*results, LoadResult("failed", file.source.name, entity, file.name, message=message)]
    connection.execute(
        """
        insert into ops.landing_files (
            path, byte_count, modified_ns, source, entity, contract_sha256, outcome, load_id
        )
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (path) do update set
            byte_count = excluded.byte_count,
            modified_ns = excluded.modified_ns,
            source = excluded.source,
            entity = excluded.entity,
            contract_sha256 = excluded.contract_sha256,
            outcome = excluded.outcome,
            load_id = excluded.load_id,
            seen_at = clock_timestamp()
        """,
        (
            file.name,
            status.st_size,
            status.st_mtime_ns,
            file.source.name,
            file.entity,
            file.source.plugin.contract.sha256,
            next((result.state for result in results if result.state == "refused"), results[0].state),
            results[0].load_id,
        ),
    )
    connection.commit()
    return results
