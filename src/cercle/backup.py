"""Backup of the warehouse in one file, and its way back: with today's migrations, and without who was erased since.

PostgreSQL's own pg_dump and pg_restore do the work, over cercle's schemas alone; their version must not be below the
server's. The digest beside the file tells a damaged one.
"""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from cercle import db
from cercle.build_lock import build_lock
from cercle.errors import CercleError
from cercle.postgres_binaries import find_binaries
from cercle.privacy.erasure import Order, erase
from cercle.privacy.pseudonyms import IDENTITY_KIND, PseudonymKey
from cercle.privacy.roles import SCHEMAS
from cercle.privacy.roles_grants import make_roles
from cercle.settings import Settings

__all__ = ["Backup", "Restored", "back_up", "restore"]


@dataclass(frozen=True)
class Backup:
    """A backup that was written and read through.

    Attributes:
        file: in PostgreSQL's custom format, mode 0600. It holds personal data, and no secret of pseudonyms. Beside
            it stands <file>.sha256, as `sha256sum --check` reads it.
    """

    file: Path
    byte_count: int
    seconds: float


@dataclass(frozen=True)
class Restored:
    """What came back.

    Attributes:
        publication_id: the newest; None where nothing was published.
        as_of: of that publication.
        migrations: applied after it, since the backup was of an earlier schema.
        erased_again_count: persons who were erased after the backup, and were erased again.
        unknown_erasure_count: erasures after the backup of whom no customer in it is known: nothing was linked yet.
    """

    publication_id: int | None
    as_of: datetime | None
    migrations: Sequence[str]
    erased_again_count: int
    unknown_erasure_count: int
    seconds: float


@dataclass(frozen=True)
class _PastErasure:
    person_key: str
    key_version: str
    erased_at: datetime


def back_up(settings: Settings, file: Path) -> Backup:
    """Write all schemas of cercle, as of one moment, into a file; builds and readers go on meanwhile.

    Args:
        settings: where the database is.
        file: must not exist; it appears when it is whole.

    Raises:
        CercleError: the file exists, pg_dump is older than the server, or it fails.
    """
    if file.exists():
        raise CercleError("There is a file already", where=str(file), remedy="Name another one")
    started = time.monotonic()
    draft = file.with_name(f".{file.name}.part")
    try:
        draft.touch(mode=0o600)
        schemas = [f"--schema={schema}" for schema in SCHEMAS]
        _run(settings, "pg_dump", "--format=custom", *_PLAIN, *schemas, f"--file={draft}")
        _read_through(settings, draft)
        _digest_file(file).write_text(f"{_sha256(draft)}  {file.name}\n", encoding="ascii")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return Backup(file, file.stat().st_size, time.monotonic() - started)


def restore(settings: Settings, file: Path, is_replacing: bool = False) -> Restored:
    """Bring a backup back, all or nothing; then bring its schema up to date, and erase again who was erased since.

    Args:
        settings: where the database is; the secret must be the one of the backup.
        file: as `back_up` wrote it.
        is_replacing: put it in the place of what the database holds of cercle's.

    Raises:
        CercleError: the database holds something already, a build is under way, the file cannot be read; nothing has
            changed then. Or a migration or an erasure failed after the data came back.
    """
    started = time.monotonic()
    keys = PseudonymKey.every(settings)
    with build_lock(settings):
        _read_through(settings, file)
        with db.connect(settings, autocommit=True) as connection:
            is_filled = _exists(connection, "ops.loads")
            if is_filled and not is_replacing:
                raise CercleError(
                    "The database holds a warehouse already",
                    where=connection.info.dbname,
                    remedy="Restore into an empty database, or put the backup in its place: --replace",
                )
            past = _past_erasures(connection)
        _replace(settings, file)
        with db.connect(settings) as connection:
            migrations = db.migrate(connection)
            if connection.execute("select count(*) > 0 from ops.access_roles").fetchone() == (True,):
                make_roles(connection)
            connection.execute("analyze")
            connection.commit()
            missing = _missing(past, _past_erasures(connection))
            people = _known_customers(connection, missing, keys)
        for customer_id, erasure in people.items():
            reason = f"Erased on {erasure.erased_at:%Y-%m-%d}; a backup of before was restored."
            erase(settings, Order(reason, customer_id=customer_id))
        publication_id, as_of = _newest_publication(settings)
    return Restored(
        publication_id,
        as_of,
        migrations,
        len(people),
        len(missing) - len({erasure.person_key for erasure in people.values()}),
        time.monotonic() - started,
    )


# Owners and rights are those of the database that it comes into; `make_roles` gives the roles theirs.
_PLAIN = ("--no-owner", "--no-privileges")


def _replace(settings: Settings, file: Path) -> None:
    """In one transaction: everything of cercle's goes, and the backup comes."""
    schemas = sql.SQL(", ").join(map(sql.Identifier, SCHEMAS)).as_string(None)
    binaries = find_binaries()
    reading = subprocess.Popen(
        [binaries.program("pg_restore"), *_PLAIN, "--file=-", str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        _run(
            settings,
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            "--command=set client_min_messages = warning",
            f"--command=drop schema if exists {schemas} cascade",
            "--file=-",
            stdin=reading.stdout,
        )
    finally:
        reading.kill()
        reading.wait()


def _read_through(settings: Settings, file: Path) -> None:
    """Refuse a file that is not whole: a script that breaks off would else look like one that ended."""
    if not file.is_file():
        raise CercleError("There is no such file", where=str(file))
    digest = _digest_file(file)
    if digest.exists() and digest.read_text(encoding="ascii").split()[0] != _sha256(file):
        raise CercleError(
            "The backup is not what was written", where=str(file), remedy="Take another copy of it"
        )
    _run(settings, "pg_restore", "--file=/dev/null", str(file))


def _digest_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.sha256")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(settings: Settings, program: str, *arguments: str, stdin: object = subprocess.DEVNULL) -> None:
    """Run one of PostgreSQL's programs against the warehouse; its own messages may quote rows and are not passed on."""
    path = find_binaries().program(program)
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=stdin,  # type: ignore[call-overload]
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=db.program_environment(settings),
            check=False,
        )
    except OSError as error:
        raise CercleError(f"{program} cannot be run: {type(error).__name__}", where=path) from None
    if done.returncode:
        raise CercleError(
            f"{program} ended with code {done.returncode}: {_kind(done.stderr)}",
            where=path,
            remedy="Its version must not be older than the server's, and the file one that `cercle db backup` wrote",
        )


def _kind(message: bytes) -> str:
    """Return the first line of an error without what it may quote."""
    lines = message.decode(errors="replace").strip().splitlines()
    return lines[0].partition('"')[0].strip(" :") if lines else "it said nothing"


def _exists(connection: psycopg.Connection, relation: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (relation,)).fetchone()
    return bool(row and row[0])


def _past_erasures(connection: psycopg.Connection) -> list[_PastErasure]:
    if not _exists(connection, "privacy.erasures"):
        return []
    rows = connection.execute(
        "select distinct on (person_key) person_key, key_version, erased_at from privacy.erasures "
        "order by person_key, erased_at"
    ).fetchall()
    return [_PastErasure(*row) for row in rows]


def _missing(past: Sequence[_PastErasure], restored: Sequence[_PastErasure]) -> list[_PastErasure]:
    known = {erasure.person_key for erasure in restored}
    return [erasure for erasure in past if erasure.person_key not in known]


def _known_customers(
    connection: psycopg.Connection, missing: Sequence[_PastErasure], keys: Sequence[PseudonymKey]
) -> dict[str, _PastErasure]:
    """Return who in the restored data is one of the erased, by the pseudonym that the proof of erasure has."""
    if not missing:
        return {}
    ids = [
        id_ for (id_,) in connection.execute("select id from identity.ids where kind = 'customer'").fetchall()
    ]
    wanted = {erasure.person_key: erasure for erasure in missing}
    found: dict[str, _PastErasure] = {}
    for key in keys:
        names = key.of_many(IDENTITY_KIND, [f"customer:{id_}" for id_ in ids])
        found |= {id_: wanted[name] for id_, name in zip(ids, names, strict=True) if name in wanted}
    return found


def _newest_publication(settings: Settings) -> tuple[int | None, datetime | None]:
    with db.connect(settings) as connection:
        row = connection.execute(
            "select publication_id, as_of from ops.publications order by publication_id desc limit 1"
        ).fetchone()
    return row if row else (None, None)
