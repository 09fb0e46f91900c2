"""Checks of versions, encoding, rights, secrets, plugins, disk, clocks and the night, before the first write.

Nothing is created or changed: an embedded server that does not run yet is only reported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

from cercle.errors import CercleError
from cercle.settings import Settings

if TYPE_CHECKING:
    import psycopg

__all__ = ["Finding", "examine"]

Level = Literal["ok", "warning", "problem"]

_LIBRARIES = {  # library -> what is missing without it
    "apache-airflow": "scheduled runs; pip install 'cercle[airflow]'",
    "great-expectations": "the suites; pip install 'cercle[quality]'",
    "splink": "scored matching of names and addresses; pip install 'cercle[matching]'",
}
_LEAST_FREE_BYTES = 2 * 1024**3
_MOST_SECONDS_APART = 5.0
_FEWEST_CONNECTIONS = 30  # four tasks, dbt's four threads each, the page, people


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: what was looked at.
        level: ok, warning (it works, but), or problem (it will not work).
        message: what was found, and what to do about it.
    """

    check: str
    level: Level
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Run every check.

    Returns:
        The findings, in the order of what depends on what. A check that raises is a problem of its own.
    """
    findings: list[Finding] = []
    checks: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
        ("python", _python),
        ("dbt", _dbt),
        ("libraries", _libraries),
        ("secrets", _secrets),
        ("plugins", _plugins),
        ("project", _project),
        ("disk", _disk),
        ("night", _night),
        ("lineage", _lineage),
        ("database", _database),
    )
    for name, check in checks:
        try:
            findings.extend(check(settings))
        except CercleError as error:
            findings.append(Finding(name, "problem", str(error)))
    return findings


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(
        "python", "ok" if supported else "warning", f"Python {found}; tested on 3.11, 3.12 and 3.13"
    )
    if sys.getfilesystemencoding().lower() != "utf-8":
        yield Finding("encoding", "problem", "Python's file names are not UTF-8: set PYTHONUTF8=1")


def _dbt(settings: Settings) -> Iterator[Finding]:
    try:
        answer = subprocess.run(
            [settings.dbt_executable, "--version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "DBT_VERSION_CHECK": "false", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        ).stdout
    except (OSError, subprocess.SubprocessError):
        yield Finding(
            "dbt",
            "problem",
            f"{settings.dbt_executable} does not run: pip install 'cercle[dbt]', or set CERCLE_DBT",
        )
        return
    installed = [line.split("installed:")[1].strip() for line in answer.splitlines() if "installed:" in line]
    found = installed[0] if installed else "of an unknown version"
    supported = tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) in {(1, 11), (1, 12)}
    level: Level = "ok" if supported else "problem"
    yield Finding("dbt", level, f"dbt-core {found}; supported are 1.11.16 and newer, below 1.13")
    if "postgres" not in answer:
        yield Finding("dbt", "problem", "dbt has no PostgreSQL adapter: pip install dbt-postgres")


def _libraries(_: Settings) -> Iterator[Finding]:
    yield Finding("cercle", "ok", f"cercle {version('cercle')}")
    for library, without in _LIBRARIES.items():
        try:
            yield Finding(library, "ok", f"{library} {version(library)}")
        except PackageNotFoundError:
            yield Finding(library, "warning", f"not installed: without it no {without}")


def _secrets(settings: Settings) -> Iterator[Finding]:
    path = settings.secrets_dir / "hmac_keys"
    if settings.is_embedded and settings.hmac_spec is None and not (settings.home / "pg").exists():
        yield Finding(
            "secrets", "ok", f"the key of pseudonyms will be made with the embedded database: {path}"
        )
        return
    keys = settings.hmac_keys()
    yield Finding("secrets", "ok", f"{len(keys)} key(s) for pseudonyms, current version {list(keys)[-1]}")
    if settings.hmac_spec is None and path.stat().st_mode & 0o077:
        yield Finding("secrets", "problem", f"others can read {path}: chmod 600 {path}")


def _plugins(_: Settings) -> Iterator[Finding]:
    from cercle.sources import installed_plugins

    for name, plugin in installed_plugins().items():
        try:
            contract = plugin.contract
        except CercleError as error:
            yield Finding("plugins", "problem", str(error))
        else:
            yield Finding(
                "plugins", "ok", f"{name}: contract {contract.version}, {len(contract.entities)} entities"
            )


def _project(settings: Settings) -> Iterator[Finding]:
    from cercle.paths import package_root
    from cercle.sources import configured_sources

    yield Finding("package", "ok", f"dbt package cercle: {package_root()}")
    if not (settings.project_dir / "dbt_project.yml").is_file():
        where = f"no dbt project in {settings.project_dir} yet: cercle init DIR makes one"
        yield Finding("project", "warning", where)
        return
    names = ", ".join(configured_sources(settings))
    yield Finding("project", "ok", f"dbt project {settings.project_dir} with the sources {names}")


def _disk(settings: Settings) -> Iterator[Finding]:
    for name, folder in (("home", settings.home), ("landing", settings.landing_dir)):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        level: Level = "ok" if free >= _LEAST_FREE_BYTES else "warning"
        yield Finding("disk", level, f"{free / 1024**3:.0f} GiB free for {name} in {folder}")
        if not os.access(existing, os.W_OK):
            yield Finding("disk", "problem", f"no right to write in {existing}")


def _night(_: Settings) -> Iterator[Finding]:
    from cercle.watch import channels_from

    channels = channels_from(os.environ)
    if channels:
        yield Finding("night", "ok", f"{len(channels)} channel(s) are told what needs a person")
    else:
        nobody = "nobody is told of a failed build or a silent source"
        yield Finding(
            "night",
            "warning",
            f"{nobody}: set CERCLE_NOTIFY, or TaskOptions(notify_conn_ids=…) in the DAG file",
        )


def _lineage(_: Settings) -> Iterator[Finding]:
    """Lineage is wanted by a variable, of the OpenLineage client or of Airflow's provider."""
    names = ("OPENLINEAGE_URL", "OPENLINEAGE__TRANSPORT", "OPENLINEAGE_CONFIG", "AIRFLOW__OPENLINEAGE__")
    if not any(name.startswith(names) for name in os.environ):
        return
    try:
        found = version("apache-airflow-providers-openlineage")
        yield Finding("lineage", "ok", f"it is told by Airflow's OpenLineage provider {found}")
    except PackageNotFoundError:
        yield Finding(
            "lineage", "warning", "it is wanted, and nothing tells it: pip install 'cercle[lineage]'"
        )


def _database(settings: Settings) -> Iterator[Finding]:
    from cercle import server
    from cercle.postgres_binaries import find_binaries

    if settings.is_embedded:
        binaries = find_binaries()
        yield Finding("database", "ok", f"embedded PostgreSQL {binaries.major} from {binaries.origin}")
        if not server.status(settings).is_running:
            yield Finding("database", "warning", "the embedded server does not run yet: cercle db start")
            return
    yield from _warehouse(settings)


def _warehouse(settings: Settings) -> Iterator[Finding]:
    from cercle import db

    with db.connect(settings) as connection:
        yield Finding(
            "database", "ok", f"PostgreSQL {connection.info.parameter_status('server_version')} answers"
        )
        row = connection.execute(
            """
            select
                pg_encoding_to_char(encoding),
                has_database_privilege(current_user, oid, 'CREATE'),
                has_database_privilege(current_user, oid, 'TEMPORARY'),
                (select rolcreaterole or rolsuper from pg_roles where rolname = current_user)
            from pg_database
            where datname = current_database()
            """
        ).fetchone()
        assert row is not None
        encoding, may_create, may_temp, may_grant = row
        if encoding == "UTF8":
            yield Finding("encoding", "ok", "the database is UTF8")
        else:
            yield Finding("encoding", "problem", f"the database is {encoding}: make one with encoding UTF8")
        for allowed, right in ((may_create, "CREATE"), (may_temp, "TEMPORARY")):
            if not allowed:
                yield Finding(
                    "rights", "problem", f"the role lacks a right: grant {right.lower()} on database"
                )
        if may_create and may_temp:
            yield Finding("rights", "ok", "the role may create schemas and temporary tables")
        if not may_grant:
            yield Finding(
                "rights", "warning", "the role cannot make roles: someone else makes those of access"
            )
        yield from _server_settings(connection)
        pending = [migration.label for migration in db.pending_migrations(connection)]
        if pending:
            yield Finding("migrations", "warning", f"{len(pending)} to apply: cercle db migrate")
        else:
            yield Finding("migrations", "ok", "up to date")


def _server_settings(connection: psycopg.Connection) -> Iterator[Finding]:
    row = connection.execute(
        """
        select
            extract(epoch from clock_timestamp())::double precision,
            current_setting('autovacuum')::boolean,
            current_setting('max_connections')::integer
        """
    ).fetchone()
    assert row is not None
    seconds, has_autovacuum, connection_count = row
    apart = abs(seconds - time.time())
    if apart > _MOST_SECONDS_APART:
        yield Finding(
            "clock",
            "warning",
            f"the database's clock is {apart:.0f} s from this machine's: deadlines need both",
        )
    if not has_autovacuum:
        yield Finding("upkeep", "warning", "autovacuum is off: tables grow, and plans go by old statistics")
    if connection_count < _FEWEST_CONNECTIONS:
        yield Finding(
            "connections",
            "warning",
            f"max_connections is {connection_count}; a build and a page need {_FEWEST_CONNECTIONS}",
        )
