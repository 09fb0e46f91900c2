"""The code that dbt runs: the project's packages, and a hash of everything that its models are made from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from cercle.errors import CercleError
from cercle.project import link_packages
from cercle.settings import Settings
from cercle.yaml_files import load_yaml

__all__ = ["ensure_packages", "project_sha256"]

_IGNORED_FOLDERS = {"target", "logs", "dbt_packages", ".git", ".venv", "__pycache__", "node_modules"}
_CODE_FOLDERS = ("models", "macros", "seeds", "snapshots")
_CODE_ENDINGS = (".sql", ".yml", ".yaml", ".csv", ".py")


def ensure_packages(settings: Settings, run_deps: Callable[[], None]) -> None:
    """See to it that the dbt packages of the project are in dbt_packages/.

    A project that names its sources (var `cercle_sources`) gets cercle and the plugins in use linked, at each
    run. For any other `dbt deps` runs when its packages.yml has changed; local packages need no network.

    Args:
        settings: the project.
        run_deps: runs `dbt deps`.

    Raises:
        CercleError: there is no project, or a package cannot be installed.
    """
    project = _yaml(_project_file(settings))
    if "cercle_sources" in (project.get("vars") or {}):
        link_packages(settings)
        return
    listed = [path for path in _package_files(settings.project_dir) if path.is_file()]
    if not listed:
        return
    folder = settings.project_dir / str(project.get("packages-install-path") or "dbt_packages")
    parts = [str(settings.project_dir).encode(), *(path.read_bytes() for path in listed)]
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    mark = settings.home / "dbt" / "packages.sha256"
    if folder.is_dir() and mark.is_file() and mark.read_text(encoding="ascii") == digest:
        return
    run_deps()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(digest, encoding="ascii")


def project_sha256(settings: Settings) -> str:
    """Return a hash of the code, seeds and settings of the project and of its local packages.

    Raises:
        CercleError: there is no project.
    """
    digest = hashlib.sha256()
    for number, folder in enumerate(_projects(settings)):
        for path in _code_files(folder):
            digest.update(f"{number}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _projects(settings: Settings) -> list[Path]:
    """The user's project and every local package below it, once each."""
    _project_file(settings)
    folders = [settings.project_dir.resolve()]
    for folder in folders:  # grows while it is walked
        for path in _package_files(folder):
            for package in (_yaml(path).get("packages") if path.is_file() else None) or []:
                local = package.get("local") if isinstance(package, dict) else None
                found = (folder / str(local)).resolve() if local else None
                if found and found.is_dir() and found not in folders:
                    folders.append(found)
    return folders


def _code_files(folder: Path) -> Iterator[Path]:
    if (folder / "dbt_project.yml").is_file():
        yield folder / "dbt_project.yml"
    for name in _CODE_FOLDERS:
        for root, folders, files in os.walk(folder / name):
            folders[:] = sorted(set(folders) - _IGNORED_FOLDERS)
            yield from (Path(root) / file for file in sorted(files) if file.endswith(_CODE_ENDINGS))


def _package_files(folder: Path) -> tuple[Path, Path]:
    return folder / "packages.yml", folder / "dependencies.yml"


def _project_file(settings: Settings) -> Path:
    path = settings.project_dir / "dbt_project.yml"
    if not path.is_file():
        raise CercleError(
            "There is no dbt project",
            where=str(settings.project_dir),
            remedy="Make one with `cercle init DIR`, and set CERCLE_PROJECT to it",
        )
    return path


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = str(path) if line is None else f"{path} line {line + 1}"
        raise CercleError("This is no valid YAML", where=where, remedy="Mend it") from None
    return content if isinstance(content, dict) else {}
