"""The user's own dbt project: made from a template, and linked to the packages that it imports.

The project is always dbt's root. Its packages.yml names folders of this machine, so it is written at run time
and is not committed; the folders are linked into dbt_packages/ as `dbt deps` would, but without its seconds.
"""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

import yaml

from cercle.errors import CercleError
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.sources import configured_sources
from cercle.yaml_files import load_yaml

__all__ = ["create_project", "ensure_project", "link_packages", "project_variable"]

TEMPLATE = Path(__file__).parent / "project_template"
_NAMES = {"gitignore": ".gitignore"}  # packaging tools obey a file that is called .gitignore


def project_variable(settings: Settings, name: str) -> Any:
    """Return a var as dbt would find it for the package: the project's, scoped to it or for all, else the shipped one.

    Raises:
        CercleError: a project file cannot be read.
    """
    for path in (settings.project_dir / "dbt_project.yml", package_root() / "dbt_project.yml"):
        if not path.is_file():
            continue
        try:
            document = load_yaml(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            raise CercleError(
                "The dbt project file cannot be read", where=str(path), remedy="Mend its YAML"
            ) from None
        variables = (document.get("vars") or {}) if isinstance(document, dict) else {}
        for scope in (variables.get("cercle"), variables):
            if isinstance(scope, dict) and name in scope:
                return scope[name]
    return None


def create_project(settings: Settings) -> list[Path]:
    """Write a new project from the template, and link its packages.

    Args:
        settings: `project_dir` is new, or without a dbt_project.yml; files that exist are left as they are.

    Returns:
        The files written, relative to the folder.

    Raises:
        CercleError: the folder already holds a dbt project.
    """
    folder = settings.project_dir
    if (folder / "dbt_project.yml").exists():
        raise CercleError(
            "There is a dbt project already",
            where=str(folder),
            remedy="Name an empty folder, or set CERCLE_PROJECT to use this one",
        )
    written = []
    for source in sorted(TEMPLATE.rglob("*")):
        relative = source.relative_to(TEMPLATE)
        if source.is_dir() or "__pycache__" in relative.parts:
            continue
        relative = relative.with_name(_NAMES.get(relative.name, relative.name))
        target = folder / relative
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.append(relative)
    link_packages(settings)
    return [*written, Path("packages.yml")]


def ensure_project(settings: Settings) -> None:
    """Make `project_dir` ready for dbt: written from the template when there is none, its packages linked.

    Raises:
        CercleError: as `link_packages`.
    """
    if (settings.project_dir / "dbt_project.yml").is_file():
        link_packages(settings)
    else:
        create_project(settings)


def link_packages(settings: Settings) -> dict[str, Path]:
    """Write packages.yml and dbt_packages/ for cercle and the source plugins that the project uses.

    Packages that the project lists itself (from a hub or git) are kept, and need the user's own `dbt deps`.

    Args:
        settings: `project_dir` is the user's dbt project.

    Returns:
        The folder of each linked dbt package by its name.

    Raises:
        CercleError: the project names a plugin that is not installed.
    """
    folder = settings.project_dir
    packages = {_project_name(path): path for path in _dbt_packages(settings)}
    listed = folder / "packages.yml"
    foreign = [entry for entry in _read_yaml(listed).get("packages") or [] if "local" not in entry]
    lines = ["# Written by cercle at run time.", "packages:"]
    lines += [f"  - local: {json.dumps(str(path))}" for path in packages.values()]
    lines += [f"  - {json.dumps(entry)}" for entry in foreign]
    text = "\n".join(lines) + "\n"
    if not listed.exists() or listed.read_text(encoding="utf-8") != text:
        listed.write_text(text, encoding="utf-8")
    for name, path in packages.items():
        _link(folder / "dbt_packages" / name, path)
    return packages


def _dbt_packages(settings: Settings) -> list[Path]:
    """Return the dbt packages of cercle and of the plugins in use, each once."""
    plugins = [source.plugin for source in configured_sources(settings).values()]
    own = sorted({plugin.dbt_package_dir for plugin in plugins if plugin.dbt_package_dir is not None})
    return [package_root(), *own]


def _project_name(folder: Path) -> str:
    return str(_read_yaml(folder / "dbt_project.yml")["name"])


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CercleError("This file is not YAML", where=str(path), remedy="Mend it") from error
    return content if isinstance(content, dict) else {}


def _link(link: Path, target: Path) -> None:
    """Make or move a symbolic link; two processes may do it at once."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(exist_ok=True)
    if link.exists() and not link.is_symlink():
        shutil.rmtree(link)  # a copy that `dbt deps` made where links are not allowed
    draft = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    draft.symlink_to(target)
    draft.replace(link)
