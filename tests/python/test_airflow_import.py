"""What happens while Airflow reads the DAG files: no connection, no program, no file but the project's own sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cercle.paths import package_root
from cercle.project import create_project
from cercle.settings import Settings
from test_airflow_dags import airflow_variables, in_python

# Python tells an audit hook (PEP 578) of every file that is opened, every connection and every process.
_LISTEN = """
import json, sys, time
import airflow
from airflow.dag_processing.dagbag import DagBag
import airflow.providers.standard.operators.empty

heard, is_listening = [], False
WATCHED = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "sqlite3.connect")

def listen(event, arguments):
    if is_listening and event in WATCHED:
        heard.append([event, str(arguments[0] if event == "open" else arguments[1:] or arguments)])

DagBag(sys.argv[1])  # what Airflow itself opens only once is not ours
sys.addaudithook(listen)
seconds = {}
for name in [name for name in sys.modules if name.startswith("cercle")]:
    del sys.modules[name]
is_listening = True
begin = time.monotonic()
bag = DagBag(sys.argv[1])
seconds = time.monotonic() - begin
is_listening = False
code = (".py", ".pyc", ".so")
dags = sys.argv[1]  # its files are Airflow's to look through
print("ANSWER" + json.dumps({
    "errors": bag.import_errors,
    "dags": sorted(bag.dags),
    "files": sorted({
        path for event, path in heard
        if event == "open" and not path.endswith(code) and not path.startswith(dags)
    }),
    "others": [each for each in heard if each[0] != "open"],
    "opened_any": any(event == "open" for event, path in heard),
    "durations": {str(stat.file): stat.duration.total_seconds() for stat in bag.dagbag_stats},
}))
"""
WITH_SOURCES = '''"""Airflow DAGs of sources that the file itself names."""

from cercle.airflow import build_dags

globals().update(build_dags(sources=["store", "email"]))
'''
NOISY = '''"""An Airflow DAG file that does what it must not."""

import socket
from cercle.airflow import build_dags

open("/etc/hostname").read()
try:
    socket.create_connection(("127.0.0.1", 1), timeout=1)
except OSError:
    pass
globals().update(build_dags(sources=["store"]))
'''


def read(dags: Path, home: Path) -> Any:
    """Let Airflow read a folder of DAG files, and return what it opened and called."""
    settings = Settings.from_env({"CERCLE_HOME": str(home)})
    variables = {
        **airflow_variables(settings),
        "CERCLE_PROJECT": "",
        "CERCLE_DSN": "postgresql://nobody@127.0.0.1:1/x",
    }
    found = in_python(_LISTEN, variables, str(dags))
    assert found["errors"] == {}
    assert found["opened_any"], "the hook hears"
    return found


def test_the_shipped_files_open_the_projects_sources_alone(tmp_path: Path) -> None:
    found = read(package_root() / "dags", tmp_path)
    assert "cercle_build" in found["dags"]
    assert found["files"] == [str(package_root() / "dbt_project.yml")]
    assert found["others"] == []
    assert found["durations"]
    assert max(found["durations"].values()) < 2, found["durations"]


def test_a_project_of_ones_own_opens_its_sources_alone(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {"CERCLE_HOME": str(tmp_path / "home"), "CERCLE_PROJECT": str(tmp_path / "project")}
    )
    create_project(settings)
    found = read(settings.project_dir / "dags", tmp_path / "home")
    assert found["files"] == [str(settings.project_dir / "dbt_project.yml")]
    assert found["others"] == []
    assert max(found["durations"].values()) < 2, found["durations"]


@pytest.mark.parametrize(
    ("text", "files", "calls"),
    [(WITH_SOURCES, [], []), (NOISY, ["/etc/hostname"], ["socket.connect"])],
    ids=["sources that are named", "a file that must be noticed"],
)
def test_a_file_that_names_its_sources_opens_nothing(
    tmp_path: Path, text: str, files: list[str], calls: list[str]
) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "cercle_dags.py").write_text(text)
    found = read(tmp_path / "dags", tmp_path)
    assert found["files"] == files
    assert sorted({event for event, _ in found["others"]} - {"socket.getaddrinfo"}) == calls
