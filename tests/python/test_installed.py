"""As a team gets it: the wheel in a fresh environment that nobody may write to, `cercle init`, a real scheduler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cercle.settings import Settings
from projects import query

CHECKOUT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"

# Ten lines, as docs/airflow.md shows them: sources, schedule and connection of their own.
DAGS = '''"""Airflow DAGs of our warehouse."""

from pathlib import Path
from cercle.airflow import TaskOptions, build_dags

globals().update(build_dags(
    Path(__file__).resolve().parents[1], sources=["till"], load_schedule="* * * * *",
    warehouse_conn_id="warehouse", landing_dir="{landing}",
    options=TaskOptions(owner="data", pool="cercle_build"),
))
'''
ROWS = """customer_ref,updated_at,kind,first_name,last_name,email
1,2026-01-01T10:00:00Z,loyalty,Anne,Petit,anne.petit@exemple.fr
2,2026-01-02T10:00:00Z,web_account,Anne,Petit,Anne.Petit@exemple.fr
3,2026-01-03T10:00:00Z,loyalty,Luc,Morel,luc@exemple.fr
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel.

    Attributes:
        folder: outside of the checkout.
    """

    folder: Path

    def call(self, program: str, *arguments: str, **variables: str) -> str:
        """Run a program of the environment, outside of the checkout; return what it said."""
        done = subprocess.run(
            [str(self.folder / "venv" / "bin" / program), *arguments],
            env={**_plain_environment(), "CERCLE_HOME": str(self.folder / "home"), **variables},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The wheel and the locked requirements in an environment that is read-only from then on."""
    if not UV.exists():
        pytest.skip("uv is not in this environment")
    folder = tmp_path_factory.mktemp("installed")
    folder.chmod(0o755)
    _uv("build", "--wheel", "--no-build-isolation", "--offline", "--out-dir", str(folder), str(CHECKOUT))
    [wheel] = folder.glob("*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = ["--python", str(venv / "bin" / "python")]
    locked = ["pip", "install", *python, "--require-hashes", "-r", str(CHECKOUT / "requirements" / "all.txt")]
    try:
        _uv(*locked, "--offline")  # what `make install` has brought
    except subprocess.CalledProcessError:
        _uv(*locked)
    _uv("pip", "install", *python, "--no-deps", "--offline", str(wheel))
    with _read_only(venv):
        yield Installed(folder)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_airflow_lists_the_provider_and_its_page(installed: Installed) -> None:
    folder = str(installed.folder / "airflow")
    variables = {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    providers = json.loads(installed.call("airflow", "providers", "list", "-o", "json", **variables))
    assert "cercle" in {provider["package_name"] for provider in providers}
    plugins = json.loads(installed.call("airflow", "plugins", "-o", "json", **variables))
    assert "cercle" in {plugin["name"] for plugin in plugins}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_project_of_ten_lines_runs_the_circle_by_a_scheduler(
    installed: Installed, database: Settings
) -> None:
    """Their sources, their connection, their schedule: a file that lands is published with no further hand."""
    project, landing = installed.folder / "warehouse", installed.folder / "landing"
    installed.call("cercle", "init", str(project))
    assert len(DAGS.strip().splitlines()) <= 12
    (project / "dags" / "cercle_dags.py").write_text(DAGS.format(landing=landing))
    settings = project / "dbt_project.yml"
    settings.write_text(_with_source(settings.read_text(), "till", "store"))
    variables = {
        "CERCLE_PROJECT": str(project),
        "CERCLE_HMAC_KEYS": database.hmac_spec or "",
    }
    company = {**variables, "CERCLE_DSN": database.dsn or ""}
    installed.call("cercle", "db", "migrate", **company)
    try:
        up = json.loads(installed.call("cercle", "up", "--port", "0", "--json", **variables))
        api = f"{up['url']}/api/v2"
        parts = urlsplit(database.dsn or "")
        _ask(
            f"{api}/connections",
            {
                "connection_id": "warehouse",
                "conn_type": "postgres",
                "host": parts.hostname,
                "port": parts.port,
                "login": parts.username,
                "password": parts.password,
                "schema": parts.path.strip("/"),
            },
        )
        file = landing / "till" / "customers" / "1.csv"
        file.parent.mkdir(parents=True)
        file.write_text(ROWS)
        _wait_for(
            "a publication", lambda: query(database, "select 1 from ops.publications"), 400, installed.folder
        )
        dags = {dag["dag_id"]: dag for dag in _ask(f"{api}/dags?limit=50")["dags"]}
    finally:
        installed.call("cercle", "down", **variables)
    assert query(database, "select count(*) from marts.customer_360") == [(2,)]
    assert query(database, "select distinct source from ops.loads") == [("till",)]
    loading = [name for name in dags if name.startswith("cercle_load_")]
    assert loading == ["cercle_load_till"]
    assert dags["cercle_build"]["owners"] == ["data"]


def _with_source(text: str, name: str, plugin: str) -> str:
    """Put another source beside those of the project's file."""
    assert "cercle_sources:\n" in text
    return text.replace("cercle_sources:\n", f"cercle_sources:\n    {name}: {{plugin: {plugin}}}\n", 1)


def _plain_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CERCLE_", "DBT_", "PG", "AIRFLOW", "PYTHON", "VIRTUAL_ENV"))
    }


def _uv(*arguments: str) -> None:
    index = os.environ.get("PIP_INDEX_URL")
    subprocess.run(
        [str(UV), *arguments, "--quiet"],
        env={
            **_plain_environment(),
            "VIRTUAL_ENV": sys.prefix,
            "UV_COMPILE_BYTECODE": "1",
            "UV_NO_CONFIG": "1",
            **({"UV_DEFAULT_INDEX": index} if index else {}),
        },
        check=True,
        timeout=600,
    )


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Nobody writes to a folder; root, whom no mode stops, finds it mounted read-only."""
    if os.geteuid():
        subprocess.run(["chmod", "-R", "a-w", str(folder)], check=True)
        try:
            yield
        finally:
            subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        return
    mounted = subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("root writes everywhere, and this machine lets nobody mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (folder / "written").touch()
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _ask(url: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(url, headers={"Content-Type": "application/json"})
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(request, data, timeout=60) as answer:
        return json.load(answer)


def _wait_for(what: str, found: Callable[[], Any], seconds: float, folder: Path) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found():
            return
        time.sleep(2)
    logs = sorted(folder.rglob("attempt=*.log"), key=lambda path: path.stat().st_mtime)
    raise AssertionError(f"{what}: not within {seconds:.0f} s\n" + "\n".join(map(str, logs)))
