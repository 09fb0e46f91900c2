"""Helpers of the identity tests: small dbt projects, rows delivered, the policy of ids once more in Python."""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import yaml
from psycopg import sql

from cercle import db, dbt_runner, identity
from cercle.load import load_landing, set_load_state
from cercle.paths import dbt_env, package_root
from cercle.settings import Settings
from identity_scenarios import Row

Member = tuple[str, int]  # group, occurred_at as a day number


def make_small_project(settings: Settings, models: Mapping[str, str]) -> None:
    """Write a project with some models, on a package that has cercle's macros and the schema `identity` alone."""
    copy_package(settings, ("macros",))
    sources = Path("models") / "intermediate" / "identity" / "_identity__sources.yml"
    (settings.home / "package" / "models").mkdir()
    shutil.copy(package_root() / sources, settings.home / "package" / "models")
    write_project(settings, models)


def copy_package(settings: Settings, folders: Iterable[str]) -> None:
    """Copy a part of the package beside the database's files: what others change meanwhile does not disturb."""
    package = settings.home / "package"
    package.mkdir()
    for folder in folders:
        shutil.copytree(package_root() / folder, package / folder)
    shutil.copy(package_root() / "dbt_project.yml", package)


def write_project(settings: Settings, models: Mapping[str, str]) -> None:
    """Write a project on that package, with some models in the schema `trial`."""
    project = settings.home / "project"
    (project / "models").mkdir(parents=True)
    (project / "macros").mkdir()
    template = package_root() / "src" / "cercle" / "project_template"
    shutil.copy(template / "profiles.yml", project)
    for macro in (template / "macros").glob("*.sql"):
        shutil.copy(macro, project / "macros")
    document = {
        "name": "trial",
        "version": "1.0.0",
        "config-version": 2,
        "profile": "cercle",
        "flags": {"send_anonymous_usage_stats": False},
        "vars": {
            "cercle_sources": yaml.safe_load((package_root() / "dbt_project.yml").read_text())["vars"][
                "cercle_sources"
            ],
            "cercle_id_kinds": {
                "customer": "int_customer_ids_versioned",
                "household": "int_household_ids_versioned",
            },
        },
        "models": {"trial": {"+schema": "trial"}},
    }
    (project / "dbt_project.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    (project / "packages.yml").write_text(
        f"packages: [{{local: {settings.home / 'package'}}}]\n", encoding="utf-8"
    )
    for name, text in models.items():
        (project / "models" / f"{name}.sql").write_text(text, encoding="utf-8")
    dbt(settings, "deps")


def dbt(settings: Settings, *arguments: str) -> str:
    """Run dbt on the small project and return what it said."""
    project = settings.home / "project"
    environment = {
        **dbt_env(settings),
        "DBT_PROFILES_DIR": str(project),
        "DBT_TARGET_PATH": str(project / "target"),
    }
    done = subprocess.run(
        [settings.dbt_executable, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled(settings: Settings, model: str) -> str:
    """The SQL that dbt made of a model, without the name of the database that it was compiled for."""
    path = settings.home / "project" / "target" / "compiled" / "trial" / "models" / f"{model}.sql"
    name = psycopg.conninfo.conninfo_to_dict(settings.dsn or "")["dbname"]
    return path.read_text(encoding="utf-8").replace(f'"{name}".', "")


def copy_rows(connection: psycopg.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor().copy(
        sql.SQL("copy {} from stdin").format(sql.Identifier(*table.split(".")))
    ) as copy:
        for row in rows:
            copy.write_row(row)


# --- a warehouse of identity alone -------------------------------------------------------------------------

MODELS = "cercle.intermediate.identity"
# They follow the clock, the build and its loads; and what no step fills where dbt is used alone.
ALWAYS_MADE = {
    "int_id_baseline",
    "int_overrides_standing",
    "int_pairs_scored",
    "int_people_scored",
    "int_records_arrived",
}


def deliver(settings: Settings, name: str, rows: Iterable[tuple[str, Row]]) -> None:
    """Write rows into a file per entity, load what is new, and admit it."""
    by_entity: dict[str, list[Row]] = {}
    for entity, row in rows:
        by_entity.setdefault(entity, []).append(row)
    for entity, own in sorted(by_entity.items()):
        folder = settings.landing_dir / entity
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, sorted({column for row in own for column in row}))
            writer.writeheader()
            writer.writerows(own)
    results = load_landing(settings)
    assert all(result.rejected_count == 0 for result in results), [result.reasons for result in results]
    with db.connect(settings) as connection:
        for (load_id,) in connection.execute(
            "select load_id from ops.loads where state = 'loaded'"
        ).fetchall():
            set_load_state(connection, load_id, "checked")


def withdraw(settings: Settings, name: str) -> None:
    """Take the files of this name back."""
    with db.connect(settings) as connection:
        for (load_id,) in connection.execute(
            "select load_id from ops.loads where file_name like %s", (f"%{name}.csv",)
        ).fetchall():
            set_load_state(connection, load_id, "withdrawn", "a test", "a test", is_forced=True)


def publish_ids(connection: psycopg.Connection, build_id: int) -> None:
    """Publish what the build proposes about ids, and nothing else."""
    publication_id, as_of = connection.execute(
        "insert into ops.publications (build_id, as_of) select build_id, as_of from ops.builds where build_id = %s"
        " returning publication_id, as_of",
        (build_id,),
    ).fetchone()
    identity.apply_proposal(connection, publication_id, as_of)
    connection.execute("update ops.builds set state = 'published' where build_id = %s", (build_id,))


def contents(settings: Settings) -> dict[str, tuple[int, int]]:
    """How many rows each table of identity holds, and a digest of them."""
    names = [
        node["name"]
        for node in dbt_runner.read_manifest(settings)["nodes"].values()
        if ".".join(node["fqn"]).startswith(f"{MODELS}.")
        and node["resource_type"] == "model"
        and node["config"]["materialized"] != "ephemeral"
        and node["name"] not in ALWAYS_MADE
    ]
    counted = (
        f"(select array[count(*), sum(hashtextextended(held::text, 0))] from intermediate.{name} as held)"
        for name in names
    )
    with db.connect(settings) as connection:
        row = connection.execute(f"select {', '.join(counted)}".encode()).fetchone()
    return dict(zip(names, row, strict=True))


# --- the policy of ids, written a second time from its description -----------------------------------------


@dataclass
class Id:
    minted_from: str
    generation: int
    members: frozenset[str]  # now, or when it was retired
    retired_in: int | None = None


@dataclass
class Policy:
    """Ids as the written policy wants them: on a merge the oldest survives, on a split the oldest part keeps it."""

    kind: str = "customer"
    letter: str = "c"
    ids: dict[str, Id] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)

    def publish(self, publication: int, members: Mapping[str, Member]) -> dict[str, str]:
        """Take the members of the next publication and return which id each has."""
        groups: dict[str, list[str]] = {}
        for key, (group, _) in members.items():
            groups.setdefault(group, []).append(key)

        def age(key: str) -> tuple[int, str]:
            return members[key][1], key

        def oldest(name: str) -> str | None:
            return min((key for key in self.ids[name].members if key in members), key=age, default=None)

        given: dict[str, str] = {}
        claims = {name: oldest(name) for name in self.ids}
        for group, keys in groups.items():
            living = [
                (age(claim), name)
                for name, claim in claims.items()
                if claim in keys and self.ids[name].retired_in is None
            ]
            gone = [
                (age(claim), -(self.ids[name].retired_in or 0), name)
                for name, claim in claims.items()
                if claim in keys and self.ids[name].retired_in is not None
            ]
            if living:
                given[group] = min(living)[1]
            elif gone:
                given[group] = min(gone)[2]
            else:
                first = min(keys, key=age)
                generation = sum(1 for one in self.ids.values() if one.minted_from == first)
                digest = hashlib.md5(f"{self.kind}:{first}:{generation}".encode()).hexdigest()
                given[group] = f"{self.letter}_{digest[:20]}"
                self.ids[given[group]] = Id(first, generation, frozenset())
        held = {key: given[group] for key, (group, _) in members.items()}
        for name, one in self.ids.items():
            if name in given.values():
                one.members, one.retired_in = frozenset(key for key in held if held[key] == name), None
            elif one.retired_in is None:
                one.retired_in = publication
        self._redirect(held, claims, set(given.values()))
        return held

    def _redirect(self, held: Mapping[str, str], claims: Mapping[str, str | None], living: set[str]) -> None:
        before = self.redirects
        self.redirects = {}
        direct = {
            name: held[claim] for name, claim in claims.items() if name not in living and claim is not None
        }
        for name in self.ids:
            if name in living:
                continue
            successor = direct.get(name)
            if successor is None and name in before:
                successor = before[name] if before[name] in living else direct.get(before[name])
            if successor is not None:
                self.redirects[name] = successor
