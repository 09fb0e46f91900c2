"""Reads expectation suites: YAML files that people who do not program can review and change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from cercle.errors import CercleError
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.sources import plugins_in_use
from cercle.yaml_files import load_yaml

__all__ = ["EVERY_LOAD", "Suite", "read_suite", "read_suites"]

Border = Literal["raw", "marts"]

EVERY_LOAD = "every_load"  # the raw suite that every delivery passes, whatever it holds

_SEVERITIES = ("warning", "critical")
_EXPECTATION_KEYS = {"type", "kwargs", "severity", "meta"}


@dataclass(frozen=True)
class Suite:
    """One suite file.

    Attributes:
        border: the border that it guards.
        topic: the file's name without its ending: `<plugin>__<entity>`, `every_load`, or a mart topic.
        path: the file.
        document: its content, as Great Expectations takes it.
    """

    border: Border
    topic: str
    path: Path
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the suite in results: `raw.store__orders`."""
        return f"{self.border}.{self.topic}"

    @property
    def expectations(self) -> list[Mapping[str, Any]]:
        """The expectations in the order of the file."""
        return list(self.document["expectations"])

    @property
    def query(self) -> str:
        """SQL of a marts suite: a small table of statistics, one row per `key`."""
        return str(self.document["meta"]["query"])

    @property
    def key(self) -> str:
        """Column of `query` that names a row of it; never a personal value."""
        return str(self.document["meta"]["key"])

    def columns(self) -> set[str]:
        """Return the columns that the expectations speak of."""
        return {
            str(value)
            for expectation in self.expectations
            for name, value in expectation["kwargs"].items()
            if name in ("column", "column_A", "column_B")
        }


def read_suites(settings: Settings, border: Border) -> dict[str, Suite]:
    """Read the suites of a border, by topic.

    The suites shipped with cercle come first, then those of source plugins, then those of the user's project
    (`expectations/raw`, `expectations/marts`): a file of the same name replaces the earlier one whole.

    Args:
        settings: `project_dir` is the user's project.
        border: raw or marts.

    Raises:
        CercleError: a file is not a suite as docs/quality.md describes it.
    """
    suites: dict[str, Suite] = {}
    for folder in _folders(settings, border):
        for path in sorted(folder.glob("*.yml")):
            suites[path.stem] = read_suite(path, border)
    return suites


def read_suite(path: Path, border: Border) -> Suite:
    """Read and check one suite file.

    Raises:
        CercleError: with the file, what is wrong in it, and what is allowed.
    """
    try:
        document = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CercleError(
            f"The suite cannot be read as YAML{f': {error.problem}' if mark else ''}",  # type: ignore[union-attr]
            where=f"{path} line {mark.line + 1}" if mark else str(path),
            remedy="Mend it; a sentence with a colon needs quotation marks",
        ) from error
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise CercleError(
            "A suite is a mapping with a name and a list of expectations",
            where=str(path),
            remedy="Copy the shape of expectations/raw/every_load.yml",
        )
    suite = Suite(border, path.stem, path, document)
    if document.get("name") != suite.name:
        raise CercleError(
            f"The suite is named {document.get('name')!r}", where=str(path), remedy=f"Name it {suite.name}"
        )
    for number, expectation in enumerate(document["expectations"], start=1):
        _check_expectation(expectation, f"{path} expectation {number}")
    meta = document.get("meta") or {}
    wanted = ("grain", "query", "key") if border == "marts" else ("grain",)
    missing = [name for name in wanted if not meta.get(name)]
    if missing:
        raise CercleError(
            f"The suite's meta lacks {', '.join(missing)}",
            where=str(path),
            remedy="docs/quality.md says what each is for",
        )
    return suite


def _check_expectation(expectation: Any, where: str) -> None:
    if not isinstance(expectation, dict) or not isinstance(expectation.get("type"), str):
        raise CercleError("An expectation is a mapping with a type", where=where)
    unknown = sorted(set(expectation) - _EXPECTATION_KEYS)
    if unknown:
        raise CercleError(
            f"Unknown key {unknown[0]!r}", where=where, remedy=f"Use {', '.join(sorted(_EXPECTATION_KEYS))}"
        )
    if not isinstance(expectation.get("kwargs"), dict):
        raise CercleError("The expectation has no kwargs", where=where)
    if expectation.get("severity") not in _SEVERITIES:
        raise CercleError(
            f"The severity is {expectation.get('severity')!r}",
            where=where,
            remedy=f"Use {' or '.join(_SEVERITIES)}: critical keeps the batch or the publication back",
        )
    if not str((expectation.get("meta") or {}).get("rule") or "").strip():
        raise CercleError(
            "The expectation has no meta.rule",
            where=where,
            remedy="Say in one sentence what must hold; it is what people read when it fails",
        )


def _folders(settings: Settings, border: Border) -> list[Path]:
    """Return the folders that hold suites of a border, each once: shipped, plugins', the project's."""
    folders = [package_root() / "expectations" / border]
    if border == "raw":
        folders += [plugin.suites_dir for plugin in plugins_in_use(settings).values() if plugin.suites_dir]
    folders.append(settings.project_dir / "expectations" / border)
    return list(dict.fromkeys(folder.resolve() for folder in folders))
