"""Helpers of the tests that run the whole circle: a user's project with its sources, files landed, a run."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import yaml

from cercle import db, flow
from cercle.load.opening import open_decompressed
from cercle.load.raw_tables import ensure_raw_tables
from cercle.project import create_project, project_variable
from cercle.settings import Settings
from cercle.simulate import WorldConfig
from cercle.simulate.world import simulate
from cercle.sources import plugins_in_use

__all__ = [
    "World",
    "clone_world",
    "deliver_again",
    "land",
    "land_next",
    "make_project",
    "make_world",
    "query",
    "run",
]


def make_project(settings: Settings, extra_sources: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Write a user's project with the house sources, further ones and scored matching; make their raw tables."""
    create_project(settings)
    matching = project_variable(settings, "cercle_matching")
    path = settings.project_dir / "dbt_project.yml"
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["vars"]["cercle_sources"] |= {
        name: dict(options) for name, options in (extra_sources or {}).items()
    }
    document["vars"]["cercle_matching"] = {**matching, "is_on": True}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    with db.connect(settings) as connection:
        ensure_raw_tables(connection, (plugin.contract for plugin in plugins_in_use(settings).values()))


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


@dataclass(frozen=True)
class World:
    """A simulated world that was loaded and published, with its truth.

    Attributes:
        folder: holds landing/, landing_next/ and truth/.
        as_of: the end of the world, and the moment that its builds take for now.
    """

    settings: Settings
    folder: Path
    as_of: datetime

    @property
    def truth(self) -> Path:
        """What only tests may read."""
        return self.folder / "truth"

    @property
    def counts(self) -> dict[str, Any]:
        """The truth's figures."""
        found: dict[str, Any] = json.loads((self.truth / "counts.json").read_text(encoding="utf-8"))
        return found

    def rows(self, text: str, *arguments: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return query(self.settings, text, *arguments)

    def true_rows(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a file of the truth."""
        with (self.truth / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def make_world(settings: Settings, customers: int = 500, seed: int = 23, increment_days: float = 0) -> World:
    """Simulate a world into the settings' home, land it, and publish it as of its end."""
    folder = settings.home / "world"
    config = WorldConfig(
        customers=customers, days=365, seed=seed, out=folder, increment_days=increment_days, facts=True
    )
    simulate(config)
    make_project(settings)
    shutil.copytree(folder / "landing", settings.landing_dir, dirs_exist_ok=True)
    run(settings, as_of=config.until)
    return World(settings, folder, config.until)


def clone_world(world: World, make_database: Callable[..., Settings]) -> World:
    """The same published world in a database of its own, with the same project and landing folder."""
    settings = make_database(template=(world.settings.dsn or "").rpartition("/")[2])
    shutil.copytree(world.settings.project_dir, settings.project_dir, symlinks=True)
    shutil.copytree(world.settings.landing_dir, settings.landing_dir)
    return replace(world, settings=settings)


def land_next(world: World) -> None:
    """Let the second delivery arrive."""
    shutil.copytree(world.folder / "landing_next", world.settings.landing_dir, dirs_exist_ok=True)


def deliver_again(landing: Path, misspelled: Iterable[str] = ()) -> int:
    """Let every file of the landing folder arrive once more, other bytes and the person's values in other spellings."""
    count = 0
    for path in sorted(landing.rglob("*.*")):
        if not path.is_file():
            continue
        target = path.with_name(f"again-{count:03}-{path.name.partition('.')[0]}")
        count += 1
        if path.suffix == ".parquet":
            pyarrow.parquet.write_table(
                pyarrow.parquet.read_table(path), target.with_suffix(".parquet"), compression="gzip"
            )
            continue
        with open_decompressed(path) as stream:
            content = stream.read()
        for value in misspelled:
            kind, _, text = value.partition(":")
            if kind == "email":
                content = content.replace(text.encode(), f" {text.upper()}".encode())
            elif kind == "tel" and text.startswith("+33"):
                spaced = "0033 (0)" + " ".join(text[3:])
                content = content.replace(f"0{text[3:]}".encode(), spaced.encode())
        ending = "jsonl" if ".jsonl" in path.name else "csv"
        path.with_name(f"again-{count:03}-{path.name.partition('.')[0]}.{ending}").write_bytes(
            content + b"\n"
        )
        count += 1
    return count
