"""What dbt keeps of a project between its commands: the manifest, the results of the last run, and of which code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cercle.errors import CercleError
from cercle.paths import dbt_env
from cercle.settings import Settings

__all__ = [
    "folder",
    "forget_parsed",
    "has_manifest",
    "is_parsed",
    "read_manifest",
    "remember_parsed",
    "results_file",
]


def folder(settings: Settings) -> Path:
    """Return dbt's target folder: in cercle's home, for nothing is written beside the code."""
    return settings.home / "dbt" / "target"


def results_file(settings: Settings) -> Path:
    """Return the file with the results of the last command that ran nodes."""
    return folder(settings) / "run_results.json"


def has_manifest(settings: Settings) -> bool:
    """Whether a dbt command has left a manifest."""
    return _manifest(settings).exists()


def read_manifest(settings: Settings) -> dict[str, Any]:
    """Return the manifest that the last dbt command wrote.

    Raises:
        CercleError: there is none yet.
    """
    path = _manifest(settings)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CercleError("dbt has not read the project yet", where=str(path)) from None
    assert isinstance(manifest, dict)
    return manifest


def is_parsed(settings: Settings, code: str) -> bool:
    """Whether what dbt keeps of the project was made from the code with this hash, and over the same connection.

    dbt throws away what it keeps when a variable of its profile differs (a port, an account, a password). Told not
    to look at files it would then read none, find nothing to do, and be content.
    """
    mark = _mark(settings)
    return mark.is_file() and mark.read_text(encoding="ascii") == _parsed_from(settings, code)


def remember_parsed(settings: Settings, code: str) -> None:
    """Say that a command which went well has read the code with this hash."""
    _mark(settings).write_text(_parsed_from(settings, code), encoding="ascii")


def forget_parsed(settings: Settings) -> None:
    """Say that nothing is known of what dbt keeps: a command begins, and may be killed."""
    _mark(settings).unlink(missing_ok=True)


def _parsed_from(settings: Settings, code: str) -> str:
    """A hash of the code's hash and of the connection; slow to guess from, since the password is in it."""
    connection = [
        f"{name}={value}"
        for name, value in sorted(dbt_env(settings).items())
        if name.startswith("CERCLE_PG_")
    ]
    return hashlib.pbkdf2_hmac("sha256", "\n".join(connection).encode(), code.encode(), 10_000).hex()


def _manifest(settings: Settings) -> Path:
    return folder(settings) / "manifest.json"


def _mark(settings: Settings) -> Path:
    return folder(settings) / "project.sha256"
