"""A dbt project of a company's own installs the package and runs dbt alone: full, then incremental, the same marts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from cercle.load import load_landing
from cercle.paths import dbt_env, package_root
from cercle.settings import Settings
from projects import World, land, make_project, query

CONSUMER = Path(__file__).resolve().parents[1] / "consumer"


def dbt(settings: Settings, project: Path, *arguments: str) -> None:
    """Run dbt as a user would, in the project's folder; fail with what it said."""
    done = subprocess.run(
        [
            settings.dbt_executable,
            *arguments,
            "--profiles-dir",
            str(package_root() / "src/cercle/project_template"),
        ],
        cwd=project,
        env=os.environ | dbt_env(settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def fingerprint(settings: Settings) -> dict[str, tuple[int, str]]:
    """Rows and content hash of every built mart, without the moment of an answer: it stands while it is the same."""
    found = {}
    with psycopg.connect(settings.dsn or "") as connection:
        relations = connection.execute(
            "select table_name from information_schema.tables where table_schema in ('marts_build', 'consumer')"
            " order by table_name"
        ).fetchall()
        for (name,) in relations:
            schema = "consumer" if name == "best_customers" else "marts_build"
            statement = sql.SQL(
                "select count(*), coalesce(md5(string_agg(md5(content), '' order by content)), '')"
                " from (select (to_jsonb(t) - 'decided_as_of')::text as content from {} as t) as rows"
            )
            found[name] = connection.execute(statement.format(sql.Identifier(schema, name))).fetchone()
    return found


def check_all(settings: Settings) -> None:
    """Admit what is loaded, as `cercle check raw` would when every suite passes."""
    with psycopg.connect(settings.dsn or "") as connection:
        connection.execute("update ops.loads set state = 'checked' where state = 'loaded'")


def test_a_project_of_its_own_builds_full_then_incremental(
    make_database: Callable[..., Settings], world: World, tmp_path: Path
) -> None:
    settings = make_database()
    make_project(settings)
    project = tmp_path / "consumer"
    shutil.copytree(CONSUMER, project, ignore=shutil.ignore_patterns("target", "dbt_packages", "logs"))
    (project / "packages.yml").write_text(f"packages:\n  - local: {package_root()}\n", encoding="utf-8")

    for part in ("landing", "landing_next"):
        for path in sorted((world.folder / part).rglob("*.*")):
            source, entity = path.relative_to(world.folder / part).parts[:2]
            if path.is_file():
                land(settings, source, entity, [path])
        load_landing(settings)
        check_all(settings)
        if part == "landing":
            dbt(settings, project, "deps")
        # the tests of keys, which a run of cercle leaves to its models, and the unit tests judge the first build
        left_out = () if part == "landing" else ("--exclude-resource-type", "unit_test", "test")
        dbt(settings, project, "build", "--quiet", *left_out)
    assert query(settings, "select count(*) > 0 from consumer.best_customers") == [(True,)]
    incremental = fingerprint(settings)

    dbt(settings, project, "run", "--quiet", "--full-refresh")
    assert fingerprint(settings) == incremental
    assert len(incremental) >= 25
