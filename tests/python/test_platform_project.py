"""`cercle init`, `cercle doctor`, and where the shipped dbt project lies."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cercle import project, sources
from cercle.doctor import Finding, examine
from cercle.errors import EXIT_DIFFERENCE, EXIT_OK, EXIT_REFUSED, CercleError
from cercle.paths import dbt_env, package_root
from cercle.settings import Settings
from cercle.sources import SourcePlugin, configured_sources


def _in(folder: Path) -> Settings:
    return Settings(home=folder / ".cercle", project_dir=folder)


HOUSE = {"store", "social", "email", "phone", "contact", "marketing", "privacy"}


def test_the_package_root_holds_the_dbt_project() -> None:
    assert yaml.safe_load((package_root() / "dbt_project.yml").read_text())["name"] == "cercle"
    assert (package_root() / "contracts").is_dir()


def test_init_writes_a_project_that_dbt_accepts(database: Settings, cli: Callable[..., object]) -> None:
    answer = cli("init", str(database.project_dir), "--json")
    assert answer.exit_code == EXIT_OK, answer.err
    written = {
        path.relative_to(database.project_dir).as_posix() for path in database.project_dir.rglob("*.*")
    }
    assert {"dbt_project.yml", "packages.yml", "profiles.yml", "dags/cercle_dags.py", ".gitignore"} <= written
    done = subprocess.run(
        [database.dbt_executable, "debug", "--no-version-check"],
        cwd=database.project_dir,
        env=dbt_env(database),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "All checks passed" in done.stdout
    assert not (database.project_dir / "logs").exists(), "dbt's logs belong into the home"
    assert not (database.project_dir / "target").exists()


def test_dbt_runs_on_a_project_made_when_there_is_none(
    database: Settings, cli: Callable[..., object]
) -> None:
    answer = cli("dbt", "debug", "--connection", settings=database)
    assert answer.exit_code == EXIT_OK
    assert "Connection test" in answer.out
    assert (database.project_dir / "dbt_packages" / "cercle").resolve() == package_root()
    assert cli("dbt", "nonsense", settings=database).exit_code == 2


def test_a_missing_dbt_is_a_sentence(
    database: Settings, cli: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CERCLE_DBT", "/nowhere/dbt")
    answer = cli("dbt", "debug", settings=database)
    assert answer.exit_code == EXIT_REFUSED
    assert "CERCLE_DBT" in answer.err


def test_the_project_names_the_house_plugins_and_the_packages_of_this_machine(tmp_path: Path) -> None:
    project.create_project(_in(tmp_path))
    assert configured_sources(_in(tmp_path)).keys() == HOUSE
    packages = yaml.safe_load((tmp_path / "packages.yml").read_text())["packages"]
    assert packages == [{"local": str(package_root())}]
    assert (tmp_path / "dbt_packages" / "cercle").resolve() == package_root()
    assert "packages.yml" in (tmp_path / ".gitignore").read_text().splitlines()


def test_the_dag_file_is_short_and_says_airflow(tmp_path: Path) -> None:
    project.create_project(_in(tmp_path))
    text = (tmp_path / "dags" / "cercle_dags.py").read_text()
    ast.parse(text)
    assert "airflow" in text, "Airflow skips a file without its name, in silence"
    assert len(text.splitlines()) <= 12


def test_a_second_init_is_refused(tmp_path: Path, cli: Callable[..., object]) -> None:
    assert cli("init", str(tmp_path)).exit_code == EXIT_OK
    answer = cli("init", str(tmp_path))
    assert answer.exit_code == EXIT_REFUSED
    assert "already" in answer.err


def test_linking_again_changes_nothing_and_mends_a_moved_package(tmp_path: Path) -> None:
    project.create_project(_in(tmp_path))
    listed = tmp_path / "packages.yml"
    before = listed.stat().st_mtime_ns
    link = tmp_path / "dbt_packages" / "cercle"
    project.link_packages(_in(tmp_path))
    assert listed.stat().st_mtime_ns == before, "dbt parses everything again when packages.yml is new"
    link.unlink()
    link.symlink_to("/nowhere")
    project.link_packages(_in(tmp_path))
    assert link.resolve() == package_root()


def test_packages_of_the_users_own_stay(tmp_path: Path) -> None:
    project.create_project(_in(tmp_path))
    hub = {"package": "dbt-labs/codegen", "version": "0.13.1"}
    (tmp_path / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": "/old"}, hub]}))
    project.link_packages(_in(tmp_path))
    packages = yaml.safe_load((tmp_path / "packages.yml").read_text())["packages"]
    assert packages == [{"local": str(package_root())}, hub]


def test_a_used_plugin_brings_its_dbt_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "till" / "dbt"
    package.mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: till\n")
    till = SourcePlugin("till", tmp_path / "contract.yaml", dbt_package_dir=package)
    unused = SourcePlugin("unused", tmp_path / "contract.yaml", dbt_package_dir=tmp_path / "unused")
    monkeypatch.setattr(sources, "installed_plugins", lambda: {"till": till, "unused": unused})
    (tmp_path / "dbt_project.yml").write_text("name: mine\nvars: {cercle_sources: {shop: {plugin: till}}}\n")
    assert project.link_packages(_in(tmp_path)) == {"cercle": package_root(), "till": package}
    assert (tmp_path / "dbt_packages" / "till" / "dbt_project.yml").exists()


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("{shop: {plugin: nowhere_to_be_found}}", "nowhere_to_be_found"),
        ("[store]", "plugin"),
        ("{shop: store}", "plugin"),
    ],
)
def test_a_wrong_list_of_sources_is_refused(listed: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text(f"name: mine\nvars: {{cercle_sources: {listed}}}\n")
    with pytest.raises(CercleError, match=message):
        project.link_packages(_in(tmp_path))


# --- doctor -----------------------------------------------------------------------------------------------


def _levels(findings: list[Finding], check: str) -> set[str]:
    return {finding.level for finding in findings if finding.check == check}


def test_doctor_finds_a_healthy_place_healthy(database: Settings, cli: Callable[..., object]) -> None:
    project.create_project(database)
    answer = cli("doctor", "--json", settings=database)
    problems = [finding for finding in answer.json["findings"] if finding["level"] == "problem"]
    assert problems == []
    assert answer.exit_code == EXIT_OK
    checks = {finding["check"] for finding in answer.json["findings"]}
    assert {
        "python",
        "dbt",
        "secrets",
        "plugins",
        "project",
        "disk",
        "database",
        "encoding",
        "rights",
    } <= checks


def test_doctor_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    findings = examine(Settings(home=home, landing_dir=home / "landing", dbt_executable="/nowhere/dbt"))
    assert not home.exists()
    assert _levels(findings, "dbt") == {"problem"}
    assert _levels(findings, "secrets") == {"ok"}
    assert "warning" in _levels(findings, "database")


def test_doctor_tells_missing_secrets_rights_and_databases(
    database: Settings, cli: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_key = replace(
        database, hmac_spec=None, dsn="postgresql://me@127.0.0.1:1/x", dbt_executable="/nowhere/dbt"
    )
    findings = examine(no_key)
    assert _levels(findings, "secrets") == {"problem"}
    assert "problem" in _levels(findings, "database")
    monkeypatch.setenv("CERCLE_DBT", "/nowhere/dbt")
    assert cli("doctor", settings=database).exit_code == EXIT_DIFFERENCE


def test_doctor_looks_at_the_night(database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is anybody told; does lineage go anywhere; do the clocks agree."""
    findings = examine(database)
    assert _levels(findings, "night") == {"warning"}
    assert not any(_levels(findings, check) for check in ("lineage", "clock", "upkeep", "connections"))

    monkeypatch.setenv("CERCLE_NOTIFY", "mailto:ops@example.org https://chat.example.org/hook")
    monkeypatch.setenv("CERCLE_SMTP", "smtps://mail.example.org")
    monkeypatch.setenv("OPENLINEAGE_URL", "https://lineage.example.org")
    monkeypatch.setattr("cercle.doctor.time.time", lambda: 0.0)
    findings = examine(database)
    assert _levels(findings, "night") == {"ok"}
    assert _levels(findings, "lineage") == {"ok"}
    assert _levels(findings, "clock") == {"warning"}
    monkeypatch.setenv("CERCLE_NOTIFY", "carrier-pigeon:ops")
    assert _levels(examine(database), "night") == {"problem"}


# --- the wheel --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_wheel_carries_the_dbt_project_and_works_without_the_checkout(tmp_path: Path) -> None:
    """Built, unpacked elsewhere and used: package_root() is inside the package, and init links to it."""
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        pytest.skip("uv is not in this environment")
    checkout = Path(__file__).parents[2]
    subprocess.run(
        [
            uv,
            "build",
            "--wheel",
            "--no-build-isolation",
            "--offline",
            "--quiet",
            "--out-dir",
            tmp_path,
            checkout,
        ],
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        check=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    shutil.unpack_archive(wheel, site, "zip")
    for folder in ("models", "macros", "contracts"):
        assert any((site / "cercle" / "_project" / folder).rglob("*.*")), f"{folder} is not in the wheel"
    assert not (site / "cercle" / "_project" / "tests" / "python").exists()
    done = subprocess.run(
        [sys.executable, "-c", "from cercle.cli import main; main()", "init", str(tmp_path / "mine")],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine" / "dbt_packages" / "cercle").resolve() == site / "cercle" / "_project"
