"""Settings of a run, read from the environment once and passed on as a value."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cercle.errors import CercleError

__all__ = ["Settings"]

_HMAC_VERSION = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SHORTEST_KEY_BYTES = 16


@dataclass(frozen=True)
class Settings:
    """Where things are. Secrets never show in its repr.

    Attributes:
        home: folder with the state of this installation (embedded database, secrets, logs, landing files).
        dsn: the company's own PostgreSQL, as a libpq URI or keyword string; None for the embedded one.
        project_dir: the user's dbt project, which is dbt's root.
        landing_dir: where files to load arrive.
        dbt_executable: the dbt to run; production may keep dbt in an environment of its own.
        hmac_spec: the secret of pseudonyms as `k1:<hex>,k2:<hex>`; None to use the file in `home`.
    """

    home: Path
    dsn: str | None = field(default=None, repr=False)
    project_dir: Path = Path()
    landing_dir: Path = Path()
    dbt_executable: str = "dbt"
    hmac_spec: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read CERCLE_HOME, _DSN, _PROJECT, _LANDING, _DBT and _HMAC_KEYS.

        Args:
            environment: the variables to read; by default the process's own.

        Returns:
            Settings with absolute paths. Nothing is created on disk.
        """
        variables = os.environ if environment is None else environment
        home = _absolute(variables.get("CERCLE_HOME") or ".cercle")
        return cls(
            home=home,
            dsn=variables.get("CERCLE_DSN") or None,
            project_dir=_absolute(variables["CERCLE_PROJECT"])
            if variables.get("CERCLE_PROJECT")
            else _default_project(home),
            landing_dir=_absolute(variables.get("CERCLE_LANDING") or home / "landing"),
            dbt_executable=variables.get("CERCLE_DBT") or _default_dbt(),
            hmac_spec=variables.get("CERCLE_HMAC_KEYS") or None,
        )

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded one."""
        return self.dsn is None

    @property
    def secrets_dir(self) -> Path:
        """Folder of the embedded database's password and pseudonym keys, mode 0700."""
        return self.home / "secrets"

    @property
    def log_dir(self) -> Path:
        """Folder of logs: dbt's, the embedded server's, Airflow's."""
        return self.home / "logs"

    def hmac_keys(self) -> dict[str, bytes]:
        """Return the pseudonym keys by version, oldest first; the last one is current.

        For the embedded database alone a random key is made when there is none, and only before the database
        itself exists: a new key over old data would make every tombstone and pseudonym unrecognisable.

        Raises:
            CercleError: no key is set, or one cannot be read as hexadecimal of at least 16 bytes.
        """
        if self.hmac_spec is not None:
            return parse_hmac_keys(self.hmac_spec, "CERCLE_HMAC_KEYS")
        if not self.is_embedded:
            raise CercleError(
                "No secret for pseudonyms is set, and cercle makes none for a database that is not its own",
                where="CERCLE_HMAC_KEYS",
                remedy="Set it to k1:<hexadecimal digits> from a secret store (openssl rand -hex 32)",
            )
        path = self.secrets_dir / "hmac_keys"
        if not path.exists():
            if (self.secrets_dir / "pg_password").exists():
                raise CercleError(
                    "The embedded database exists, but the secret for its pseudonyms is gone",
                    where=str(path),
                    remedy="Restore that file from a backup, or set CERCLE_HMAC_KEYS to its content",
                )
            write_secret(path, f"k1:{secrets.token_hex(32)}\n")
        return parse_hmac_keys(path.read_text(encoding="ascii"), str(path))

    def current_hmac_key(self) -> tuple[str, bytes]:
        """Return the version and bytes of the key for new pseudonyms.

        Raises:
            CercleError: as `hmac_keys`.
        """
        return list(self.hmac_keys().items())[-1]

    def fingerprint(self) -> str:
        """Return a short stable name of `home`, for folders outside of it."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]


def parse_hmac_keys(text: str, where: str) -> dict[str, bytes]:
    """Parse `k1:<hex>,k2:<hex>`.

    Args:
        text: the keys, oldest first.
        where: the variable or file that they come from, for the error.

    Returns:
        Key bytes by version, in order.

    Raises:
        CercleError: without ever quoting a part of the secret.
    """
    keys: dict[str, bytes] = {}
    for position, part in enumerate(text.strip().split(","), start=1):
        version, separator, digits = part.strip().partition(":")
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            key = b""
        is_wrong = not separator or not _HMAC_VERSION.fullmatch(version) or version in keys
        if is_wrong or len(key) < _SHORTEST_KEY_BYTES:
            raise CercleError(
                f"Key number {position} is not <version>:<hexadecimal digits> with a version of its own "
                f"and at least {_SHORTEST_KEY_BYTES} bytes",
                where=where,
                remedy="Write it as k1:<hex>,k2:<hex>, the current key last",
            )
        keys[version] = key
    return keys


def write_secret(path: Path, content: str) -> None:
    """Write a secret once, mode 0600; one that exists is left as it is.

    The file appears whole or not at all, also when two processes write at the same time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        Path(draft).unlink(missing_ok=True)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()


def _default_project(home: Path) -> Path:
    """The working folder when it holds a dbt project of the user's own, else a folder in `home`."""
    here = Path.cwd()
    if (here / "dbt_project.yml").is_file() and not (here / "src" / "cercle" / "settings.py").is_file():
        return here
    return home / "project"


def _default_dbt() -> str:
    beside = Path(sys.executable).parent / "dbt"
    return str(beside) if beside.exists() else "dbt"
