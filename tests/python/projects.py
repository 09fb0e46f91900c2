"""Helpers of the tests that run the whole circle: a user's project with its sources, files landed, a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import yaml

from cercle import db, flow
from cercle.load.raw_tables import ensure_raw_tables
from cercle.project import create_project
from cercle.settings import Settings
from cercle.sources import all_contracts

__all__ = ["land", "make_project", "query", "run"]


def make_project(settings: Settings, extra_sources: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Write a user's project with the house sources and further ones, and make their raw tables."""
    create_project(settings)
    path = settings.project_dir / "dbt_project.yml"
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["vars"]["cercle_sources"] |= {
        name: dict(options) for name, options in (extra_sources or {}).items()
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    with db.connect(settings) as connection:
        ensure_raw_tables(connection, all_contracts())


def land(settings: Settings, source: str, entity: str, files: Iterable[Path]) -> None:
    """Copy files into the landing folder of an entity."""
    folder = settings.landing_dir / source / entity
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, folder / path.name)


def run(settings: Settings, **options: Any) -> flow.RunReport:
    """Load, check, build, check and publish, as `cercle run` does."""
    return flow.run(settings, **options)


def query(settings: Settings, text: str, *arguments: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(settings.dsn or "") as connection:
        return connection.execute(text, arguments or None).fetchall()  # type: ignore[call-overload, no-any-return]
