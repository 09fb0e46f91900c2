"""A database of its own for a benchmark, on the server of CERCLE_HOME or CERCLE_DSN."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from cercle import db
from cercle.settings import Settings

__all__ = ["bench_database"]


@contextmanager
def bench_database(name: str) -> Iterator[Settings]:
    """Make the database of a benchmark, migrated, with an empty home and project folder; all is gone afterwards.

    Args:
        name: of the benchmark.
    """
    server = Settings.from_env()
    database = f"cercle_bench_{name}"
    _drop(server, database)
    with db.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
    dsn = make_conninfo(**{**db.conninfo(server), "dbname": database})
    # The home is not the server's: the secret of pseudonyms has to come along.
    keys = ",".join(f"{version}:{key.hex()}" for version, key in server.hmac_keys().items())
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings = dataclasses.replace(
                server, dsn=dsn, home=Path(folder), project_dir=Path(folder) / "project", hmac_spec=keys
            )
            settings.project_dir.mkdir()
            with db.connect(settings) as connection:
                db.migrate(connection)
            yield settings
    finally:
        _drop(server, database)


def _drop(server: Settings, database: str) -> None:
    with db.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database))
        )
