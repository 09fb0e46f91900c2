"""Where dbt runs: in a process of its own that ends with ours, for one command or, with `warm_dbt`, for many."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cercle.errors import CercleError
from cercle.settings import Settings

__all__ = ["OnLine", "begin_dbt", "call_dbt", "warm_dbt"]

# Told of each line of dbt's log, as (info, data).
OnLine = Callable[[Mapping[str, Any], Mapping[str, Any]], None]


class _Server:
    """A dbt that takes several commands; see `cercle.dbt_server`."""

    def __init__(self, python: str, folder: Path) -> None:
        script = Path(__file__).with_name("dbt_server.py")
        self._process = _popen([python, str(script)], folder, os.environ)
        self._is_busy = False

    def begin(
        self, arguments: Sequence[str], environment: Mapping[str, str], results: Path | None = None
    ) -> bool:
        """Let it run a command whose outcome nobody asks for, or that `end` asks for; False when it is gone."""
        if self._is_busy:
            self.end(lambda info, data: None)
        assert self._process.stdin is not None
        try:
            request = {
                "arguments": [*(("--no-write-json",) if results else ()), *arguments],
                "environment": dict(environment),
                "results": str(results) if results else None,
            }
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            return False
        self._is_busy = True
        return True

    def end(self, on_line: OnLine) -> int:
        """Wait for the end of the command that was begun; return its exit code, 1 when the process went away."""
        assert self._process.stdout is not None
        self._is_busy = False
        for line in self._process.stdout:
            content = _parsed(line)
            if content is not None and content.keys() == {"exit"}:
                return int(content["exit"])
            on_line(*_parts(line, content))
        return 1

    def close(self) -> None:
        _close(self._process)


_warm: dict[str, _Server] = {}


@contextmanager
def warm_dbt(settings: Settings) -> Iterator[None]:
    """Keep one dbt for all commands of the block; it loads while the caller does other things.

    Where CERCLE_DBT is no Python script (another build of dbt, a wrapper), each command is a process as ever.
    """
    executable = shutil.which(settings.dbt_executable)
    python = _python_of(executable) if executable else None
    if executable is None or python is None or executable in _warm:
        yield
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    _warm[executable] = _Server(python, settings.home)
    try:
        yield
    finally:
        _warm.pop(executable).close()


def begin_dbt(settings: Settings, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Let the dbt of `warm_dbt` run a command while the caller goes on; its outcome is lost. Else does nothing."""
    server = _warm.get(shutil.which(settings.dbt_executable) or "")
    if server is not None:
        server.begin(arguments, environment)


def call_dbt(
    settings: Settings,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    on_line: OnLine,
    results: Path | None = None,
) -> int:
    """Run a dbt command that ends when this process does.

    Args:
        settings: the dbt to run.
        arguments: all of dbt's.
        environment: the whole environment of the command.
        on_line: told of each line of its log.
        results: run_results.json, for a command whose manifest stands already: the dbt of `warm_dbt` then writes
            this file alone, and saves the seconds that the manifest takes, twice per command.

    Returns:
        dbt's exit code.

    Raises:
        CercleError: there is no dbt.
    """
    executable = shutil.which(settings.dbt_executable)
    if executable is None:
        raise CercleError(
            "dbt is not there",
            where=settings.dbt_executable,
            remedy="Install cercle[dbt], or set CERCLE_DBT to the dbt of another environment",
        )
    server = _warm.get(executable)
    if server is not None and server.begin(arguments, environment, results):
        return server.end(on_line)
    tether = [sys.executable, "-S", "-E", str(Path(__file__).with_name("tether.py"))]
    process = _popen([*tether, executable, *arguments], settings.project_dir, environment)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            on_line(*_parts(line, _parsed(line)))
        return process.wait()
    finally:
        _close(process)


def _popen(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def _close(process: subprocess.Popen[str]) -> None:
    """End a process by closing its standard input."""
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(OSError):  # what was not yet written to a process that has gone
                stream.close()
    process.wait()


def _python_of(executable: str) -> str | None:
    """Return the Python that a console script names in its first line, None where it names none."""
    with Path(executable).open("rb") as file:
        first = file.readline(512)
    words = first.removeprefix(b"#!").decode("utf-8", errors="replace").split()
    is_python = first.startswith(b"#!") and len(words) == 1 and Path(words[0]).name.startswith("python")
    return words[0] if is_python else None


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _parts(line: str, content: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A line of dbt's log; what is none (a warning of Python's, say) is taken as text."""
    info = content.get("info") if content else None
    if content is None or not isinstance(info, dict):
        return {"msg": line.rstrip("\n"), "level": "info"}, {}
    return info, content.get("data") or {}
