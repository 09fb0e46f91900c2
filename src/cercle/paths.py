"""Where the shipped dbt project lies, and the environment in which dbt runs."""

from __future__ import annotations

import os
from pathlib import Path

from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["dbt_env", "package_root"]


def package_root() -> Path:
    """Return the folder with dbt_project.yml, models/, contracts/, expectations/ and samples/.

    It is the repository's root in a checkout, and `cercle/_project` in a wheel.

    Raises:
        CercleError: neither is there.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_project", package.parent.parent):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise CercleError(
        "The dbt project that belongs to cercle is missing from this installation",
        where=str(package),
        remedy="Install cercle again from its wheel, or from a whole checkout",
    )


def dbt_env(settings: Settings) -> dict[str, str]:
    """Return the environment for a dbt subprocess: the process's own, and the connection as CERCLE_PG_*.

    Starts the embedded server when there is no DSN. TLS options of the DSN pass on as libpq's variables.

    Args:
        settings: where the database and the project are.

    Raises:
        CercleError: the embedded server does not start, or the DSN cannot be read.
    """
    from cercle.db import conninfo  # psycopg is not loaded for `cercle --help`

    parts = conninfo(settings)
    variables = {
        "CERCLE_PG_HOST": parts.get("host", "localhost"),
        "CERCLE_PG_PORT": parts.get("port", "5432"),
        "CERCLE_PG_USER": parts.get("user", ""),
        "CERCLE_PG_PASSWORD": parts.get("password", ""),
        "CERCLE_PG_DBNAME": parts.get("dbname", ""),
        "DBT_PROFILES_DIR": str(settings.project_dir),
        "DBT_TARGET_PATH": str(settings.home / "target"),
        "DBT_LOG_PATH": str(settings.log_dir / "dbt"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
        "PGTZ": "UTC",
    }
    for option in ("sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "channel_binding"):
        if option in parts:
            variables[f"PG{option.replace('_', '').upper()}"] = parts[option]
    return {**os.environ, **variables}
