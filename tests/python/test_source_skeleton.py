"""The skeleton of a plugin passes its own tests before a line of it is changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cercle.errors import CercleError
from cercle.settings import Settings
from cercle.source_skeleton import write_skeleton


def test_a_new_plugin_passes_its_own_tests(
    database: Settings, cli: Callable[..., Any], tmp_path: Path
) -> None:
    answer = cli("source", "new", "cash_desk", "--folder", str(tmp_path), "--json", settings=database)
    assert answer.exit_code == 0
    package = tmp_path / "cercle-cash_desk"
    assert "src/cercle_cash_desk/contract.yaml" in answer.json["files"]
    assert not [
        path
        for path in package.rglob("*")
        if "NAME" in str(path) or (path.is_file() and b"NAME" in path.read_bytes())
    ]
    variables = {
        **os.environ,
        "CERCLE_HOME": str(database.home),
        "CERCLE_DSN": str(database.dsn),
        "PYTHONPATH": str(package / "src"),
    }
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(package),
        str(package),
    ]
    run = subprocess.run(tests, env=variables, cwd=package, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "4 passed" in run.stdout


@pytest.mark.parametrize("name", ["Till", "../till", "2till", "a b", "", "x" * 31])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CercleError, match="lower case letters"):
        write_skeleton(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with pytest.raises(CercleError, match="already"):
        write_skeleton("store", tmp_path)
    write_skeleton("till_of_ours", tmp_path)
    with pytest.raises(CercleError, match="exists"):
        write_skeleton("till_of_ours", tmp_path)
