"""Runs dbt in a process of its own: progress as it goes, results kept, errors without values of rows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg

from cercle import db, dbt_code
from cercle.dbt_results import DbtResult, failure, keep_results, read_results, without_values
from cercle.errors import CercleError
from cercle.paths import dbt_env
from cercle.settings import Settings

__all__ = [
    "LAYERS",
    "DbtEvent",
    "DbtResult",
    "OnEvent",
    "project_sha256",
    "read_manifest",
    "run_dbt",
    "run_layer",
]

LAYERS = ("staging", "intermediate", "marts")


@dataclass(frozen=True)
class DbtEvent:
    """A node that started or ended.

    Attributes:
        status: started, success, error, skipped, pass, fail, warn, …
        index: its place among the nodes of this invocation.
        total: their number.
    """

    node: str
    status: str
    index: int | None = None
    total: int | None = None


OnEvent = Callable[[DbtEvent], None]


def run_layer(
    settings: Settings, build_id: int, layer: str, full_refresh: bool = False, on_event: OnEvent | None = None
) -> DbtResult:
    """Build the nodes of one layer and run their tests.

    A test runs in the layer where the last of the relations that it reads is built. Unit tests run in CI, not
    here.

    Args:
        settings: the dbt to run, and the project.
        build_id: the running build.
        layer: staging (with the seeds), intermediate, marts (with the user's own models).
        full_refresh: make incremental models anew.
        on_event: called with each node that starts or ends.

    Raises:
        CercleError: a node or a test failed, named with dbt's message.
    """
    if layer not in LAYERS:
        raise CercleError(f"A layer is one of {', '.join(LAYERS)}; got {layer!r}")
    arguments = [*_selection(settings, layer), "--indirect-selection", "buildable"]
    return run_dbt(
        settings,
        "build",
        [*arguments, "--exclude-resource-type", "unit_test"],
        build_id,
        full_refresh,
        on_event,
    )


def _selection(settings: Settings, layer: str) -> list[str]:
    """What dbt selects for a layer: by schema, not by folder, since plugins and projects have their own folders.

    An intermediate model that reads a mart is built with the marts. The last layer is all that the others are not,
    a user's own models too.
    """
    if layer == "staging":
        return ["--select", "resource_type:seed", "config.schema:staging"]
    if layer == "intermediate":
        return [
            *("--select", "config.schema:intermediate"),
            *("--exclude", "resource_type:seed", "config.schema:marts_build+"),
        ]
    return ["--exclude", "resource_type:seed", "config.schema:staging", *_built_before_marts(settings)]


def _built_before_marts(settings: Settings) -> list[str]:
    """Selectors of the intermediate models that read no mart; dbt can subtract them, but has no words for them."""
    manifest = read_manifest(settings)
    nodes = manifest["nodes"]
    waiting = [name for name, node in nodes.items() if node["config"].get("schema") == "marts_build"]
    after_marts: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in after_marts:
            after_marts.add(name)
            waiting += manifest["child_map"].get(name, [])
    return [
        f"fqn:{'.'.join(node['fqn'])}"
        for name, node in nodes.items()
        if node["config"].get("schema") == "intermediate"
        and node["resource_type"] != "seed"
        and name not in after_marts
    ]


def run_dbt(
    settings: Settings,
    command: str,
    arguments: Sequence[str] = (),
    build_id: int | None = None,
    full_refresh: bool = False,
    on_event: OnEvent | None = None,
) -> DbtResult:
    """Run a dbt command on the user's project; dbt ends when this process does.

    Its target lies in `<home>/dbt`: nothing is written beside the code, and dbt parses only what changed.

    Args:
        settings: the dbt to run, the project, the database.
        command: build, run, seed, test, parse, …
        arguments: further ones.
        build_id: keep the results in ops.build_models for this build.
        full_refresh: pass --full-refresh.
        on_event: called with each node that starts or ends.

    Raises:
        CercleError: dbt is not there, the project cannot be read, or a node failed.
    """
    _ensure_packages(settings)
    results_file = _target(settings) / "run_results.json"
    results_file.unlink(missing_ok=True)
    full = ["--full-refresh"] if full_refresh else []
    code, said = _call(settings, [command, *arguments, *full], on_event)
    nodes = read_results(results_file)
    if build_id is not None and nodes:
        with db.connect(settings, autocommit=True) as connection:
            keep_results(connection, build_id, nodes)
    if code != 0:
        raise failure(command, code, nodes, said, _log_path(settings))
    return DbtResult(tuple(nodes))


def read_manifest(settings: Settings) -> dict[str, Any]:
    """Return the manifest that the last dbt command wrote.

    Raises:
        CercleError: there is none yet.
    """
    path = _target(settings) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CercleError("dbt has not read the project yet", where=str(path)) from None
    assert isinstance(manifest, dict)
    return manifest


def project_sha256(settings: Settings) -> str:
    """Return a hash of what the models are made from; see `cercle.dbt_code`."""
    _ensure_packages(settings)
    return dbt_code.project_sha256(settings)


def _ensure_packages(settings: Settings) -> None:
    def run_deps() -> None:
        code, said = _call(settings, ["deps"], None)
        if code != 0:
            raise failure("deps", code, [], said, _log_path(settings))

    dbt_code.ensure_packages(settings, run_deps)


# --- the process ------------------------------------------------------------------------------------------


def _target(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"


def _log_path(settings: Settings) -> Path:
    return settings.log_dir / "dbt.log"


def _call(settings: Settings, arguments: Sequence[str], on_event: OnEvent | None) -> tuple[int, list[str]]:
    """Run dbt; return its exit code and what it said of errors, without values of rows."""
    said: list[str] = []
    with _log(settings) as log, _process(_command(settings, arguments), settings) as process:
        assert process.stdout is not None
        for line in process.stdout:
            event = _event(line)
            info = event["info"]
            text = without_values(str(info.get("msg", ""))).strip()
            log.write(f"{info.get('ts', '')} {info.get('level', '')} {text}\n")
            if info.get("level") == "error" and text:
                said.append(text)
            progress = _progress(event)
            if progress and on_event:
                on_event(progress)
        return process.wait(), said


def _command(settings: Settings, arguments: Sequence[str]) -> list[str]:
    executable = shutil.which(settings.dbt_executable)
    if executable is None:
        raise CercleError(
            "dbt is not there",
            where=settings.dbt_executable,
            remedy="Install cercle[dbt], or set CERCLE_DBT to the dbt of another environment",
        )
    target = _target(settings)
    target.mkdir(parents=True, exist_ok=True)
    return [
        *(executable, "--no-use-colors", "--log-format", "json", "--log-level", "info"),
        # dbt's own log would hold the database's messages, and those quote rows: we write what we have cleaned
        *("--log-level-file", "none", "--no-version-check"),
        *arguments,
        *("--project-dir", str(settings.project_dir)),
        *(() if arguments[0] == "deps" else ("--target-path", str(target))),
        *("--log-path", str(settings.home / "dbt" / "logs")),
    ]


@contextmanager
def _process(command: list[str], settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A dbt that ends with us: see `cercle.tether`."""
    tether = [sys.executable, "-S", "-E", str(Path(__file__).with_name("tether.py"))]
    process = subprocess.Popen(
        [*tether, *command],
        cwd=settings.project_dir,
        env=_environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
        process.wait()


def _environment(settings: Settings) -> dict[str, str]:
    variables = dbt_env(settings)
    if _can_watch_clients(settings):
        # a server process that works for a killed dbt stops within two seconds, not at its statement's end
        options = f"{variables.get('PGOPTIONS', '')} -c client_connection_check_interval=2s"
        variables["PGOPTIONS"] = options.strip()
    return variables


def _can_watch_clients(settings: Settings) -> bool:
    with db.connect(settings, autocommit=True) as connection:
        try:
            connection.execute("set client_connection_check_interval = '2s'")
        except psycopg.Error:
            return False
    return True


@contextmanager
def _log(settings: Settings) -> Iterator[IO[str]]:
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with _log_path(settings).open("a", encoding="utf-8") as file:
        yield file


def _event(line: str) -> dict[str, Any]:
    """A line of dbt's log; what is no JSON (a warning of Python's, say) is taken as text."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and isinstance(event.get("info"), dict):
        return event
    return {"info": {"msg": line.rstrip("\n"), "level": "info"}, "data": {}}


def _progress(event: Mapping[str, Any]) -> DbtEvent | None:
    data = event.get("data") or {}
    node = (data.get("node_info") or {}).get("node_name")
    name = event["info"].get("name", "")
    if node and name == "LogStartLine":
        return DbtEvent(node, "started", data.get("index"), data.get("total"))
    if node and name.startswith("Log") and name.endswith("Result"):
        status = str(data.get("status", "")).split(" ")[0].lower()
        return DbtEvent(node, status, data.get("index"), data.get("total"))
    return None
