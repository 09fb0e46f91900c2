"""The skeleton of a source plugin: a package of its own that loads its sample and passes its own tests."""

from __future__ import annotations

import re
from pathlib import Path

from cercle.contracts import load_contract
from cercle.errors import EXIT_USAGE, CercleError
from cercle.load.dbt_sources import render_sources
from cercle.sources import installed_plugins

__all__ = ["write_skeleton"]

TEMPLATE = Path(__file__).parent / "source_template"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_PLACEHOLDER = "NAME"


def write_skeleton(name: str, folder: Path) -> list[Path]:
    """Write a package `cercle-<name>` into a new folder of that name.

    Args:
        name: of the plugin: lower case letters, digits and _.
        folder: in which the package's folder is made.

    Returns:
        The files written.

    Raises:
        CercleError: the name is no name or is taken, or the folder exists.
    """
    if not _NAME.fullmatch(name):
        raise CercleError(
            f"A plugin's name is at most 30 lower case letters, digits and _; got {name!r}",
            exit_code=EXIT_USAGE,
        )
    if name in installed_plugins():
        raise CercleError(f"There is a plugin {name!r} already", remedy="Choose another name")
    target = folder / f"cercle-{name}"
    if target.exists():
        raise CercleError("The folder exists already", where=str(target), remedy="Choose another one")
    templates = [path for path in sorted(TEMPLATE.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    written = [_write(target, path, name) for path in templates]
    package = target / "src" / f"cercle_{name}"
    sources = package / "dbt" / "models" / "staging" / "_staging__sources.yml"
    sources.write_text(render_sources(load_contract(package / "contract.yaml")), encoding="utf-8")
    return [*written, sources]


def _write(target: Path, path: Path, name: str) -> Path:
    copy = target / str(path.relative_to(TEMPLATE)).replace(_PLACEHOLDER, name)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(path.read_text(encoding="utf-8").replace(_PLACEHOLDER, name), encoding="utf-8")
    return copy
