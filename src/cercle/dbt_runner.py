"""Runs dbt: progress as it goes, results kept, errors without values of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg

from cercle import db, dbt_code, dbt_selection, dbt_target
from cercle.dbt_process import begin_dbt, call_dbt, warm_dbt
from cercle.dbt_results import DbtResult, NodeResult, failure, keep_results, read_results, without_values
from cercle.dbt_target import read_manifest
from cercle.errors import CercleError
from cercle.paths import dbt_env
from cercle.settings import Settings

__all__ = [
    "LAYERS",
    "DbtEvent",
    "DbtResult",
    "OnEvent",
    "OnResults",
    "Step",
    "parse_ahead",
    "project_sha256",
    "read_manifest",
    "read_or_make_manifest",
    "run_dbt",
    "run_layer",
    "warm_dbt",
]

LAYERS = dbt_selection.LAYERS

# Commands of which only the results are wanted, where the manifest stands.
_RUNS = frozenset({"build", "run", "seed", "test"})


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
OnResults = Callable[[Sequence[NodeResult]], None]


@dataclass(frozen=True)
class Step:
    """Work that lies between two models of a layer.

    Attributes:
        after: the model that has to stand before it.
        work: what to do then, before the rest of the layer.
    """

    after: str
    work: Callable[[], None]


def run_layer(
    settings: Settings,
    build_id: int,
    layer: str,
    full_refresh: bool = False,
    on_event: OnEvent | None = None,
    step: Step | None = None,
    on_results: OnResults | None = None,
) -> DbtResult:
    """Build the nodes of one layer and run their tests.

    A test runs in the layer where the last of the relations that it reads is built; which tests a run leaves
    out, `cercle.dbt_selection` says. Views and seeds that stand as this code makes them are not made again.

    Args:
        settings: the dbt to run, and the project.
        build_id: the running build.
        layer: staging (with the seeds), intermediate, marts (with the user's own models).
        full_refresh: make incremental models anew.
        on_event: called with each node that starts or ends.
        step: work between two models of the layer.
        on_results: called with the results of each dbt invocation, also of one that failed.

    Raises:
        CercleError: a node or a test failed, named with dbt's message; or the layer is empty.
    """
    if layer not in LAYERS:
        raise CercleError(f"A layer is one of {', '.join(LAYERS)}; got {layer!r}")
    code = project_sha256(settings)
    full = ["--full-refresh"] if full_refresh else []
    if layer == LAYERS[0] and (full_refresh or not dbt_target.is_parsed(settings, code)):
        command, selected = "build", dbt_selection.select_first_layer()
    else:
        manifest = read_manifest(settings)
        command, nodes = "build", dbt_selection.nodes_of_layer(manifest, layer)
        if layer == LAYERS[0] and _are_made(settings, nodes):
            command, nodes = "test", dbt_selection.tests_of_views(nodes)
        if not nodes:
            return DbtResult(())
        if step is not None:
            before = dbt_selection.nodes_up_to(manifest, nodes, step.after)
            names = {node["unique_id"] for node in before}
            nodes = [node for node in nodes if node["unique_id"] not in names]
            first = [command, *dbt_selection.name_nodes(before), *full]
            done = _run(settings, code, first, build_id, on_event, on_results)
            step.work()
        selected = dbt_selection.name_nodes(nodes)
    result = _run(settings, code, [command, *selected, *full], build_id, on_event, on_results)
    if step is not None:
        result = DbtResult(done.nodes + result.nodes)
    if not result.nodes:
        raise CercleError(f"dbt found nothing to do in the layer {layer}", where=str(settings.project_dir))
    return result


def _are_made(settings: Settings, nodes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the relations of these nodes are there. Views and seeds hold nothing of a run's: they need no more."""
    names = [
        node["relation_name"] for node in nodes if node["relation_name"] and node["resource_type"] != "test"
    ]
    with db.connect(settings, autocommit=True) as connection:
        row = connection.execute(
            "select bool_and(to_regclass(name) is not null) from unnest(%s::text[]) as names (name)", (names,)
        ).fetchone()
    return bool(row and row[0])


def run_dbt(
    settings: Settings,
    command: str,
    arguments: Sequence[str] = (),
    build_id: int | None = None,
    on_event: OnEvent | None = None,
) -> DbtResult:
    """Run a dbt command on the user's project; dbt ends when this process does.

    Its target lies in `<home>/dbt`: nothing is written beside the code, and dbt parses only what changed.

    Args:
        settings: the dbt to run, the project, the database.
        command: build, run, seed, test, parse, …
        arguments: further ones.
        build_id: keep the results in ops.build_models for this build.
        on_event: called with each node that starts or ends.

    Raises:
        CercleError: dbt is not there, the project cannot be read, or a node failed.
    """
    return _run(settings, project_sha256(settings), [command, *arguments], build_id, on_event)


def parse_ahead(settings: Settings) -> None:
    """Let the dbt of `warm_dbt` read the project while the caller goes on: what has not changed is then known."""
    code = project_sha256(settings)
    environment = _environment(settings, code)
    if not dbt_target.is_parsed(settings, code):
        dbt_target.forget_parsed(settings)
    begin_dbt(settings, _arguments(settings, ["parse"]), environment)


def read_or_make_manifest(settings: Settings) -> dict[str, Any]:
    """As `read_manifest`; where no build of this installation has left one, dbt parses the project first."""
    if not dbt_target.has_manifest(settings):
        run_dbt(settings, "parse")
    return read_manifest(settings)


def project_sha256(settings: Settings) -> str:
    """Return a hash of what the models are made from, its packages linked or installed; see `cercle.dbt_code`."""

    def run_deps() -> None:
        code, said = _call(settings, ["deps"], _environment(settings), None)
        if code != 0:
            raise failure("deps", code, [], said, _log_path(settings))

    dbt_code.ensure_packages(settings, run_deps)
    return dbt_code.project_sha256(settings)


# --- the process ------------------------------------------------------------------------------------------


def _run(
    settings: Settings,
    code: str,
    arguments: Sequence[str],
    build_id: int | None,
    on_event: OnEvent | None,
    on_results: OnResults | None = None,
) -> DbtResult:
    """Run dbt on the code with this hash, and keep the results; as `run_dbt`."""
    command = arguments[0]
    results_file = dbt_target.results_file(settings)
    results_file.unlink(missing_ok=True)
    environment = _environment(settings, code)
    keeps_manifest = command in _RUNS and dbt_target.is_parsed(settings, code)
    dbt_target.forget_parsed(settings)
    status, said = _call(settings, arguments, environment, on_event, results_file if keeps_manifest else None)
    if status == 0:
        dbt_target.remember_parsed(settings, code)
    nodes = read_results(results_file)
    if build_id is not None and nodes:
        with db.connect(settings, autocommit=True) as connection:
            keep_results(connection, build_id, nodes)
    if on_results is not None:
        on_results(nodes)
    if status != 0:
        raise failure(command, status, nodes, said, _log_path(settings))
    return DbtResult(tuple(nodes))


def _call(
    settings: Settings,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    on_event: OnEvent | None,
    results: Path | None = None,
) -> tuple[int, list[str]]:
    """Call dbt; return its exit code and what it said of errors, without values of rows."""
    said: list[str] = []
    with _log(settings) as log:

        def on_line(info: Mapping[str, Any], data: Mapping[str, Any]) -> None:
            text = without_values(str(info.get("msg", ""))).strip()
            log.write(f"{info.get('ts', '')} {info.get('level', '')} {text}\n")
            if info.get("level") == "error" and text:
                said.append(text)
            progress = _progress(info, data)
            if progress and on_event:
                on_event(progress)

        return call_dbt(settings, _arguments(settings, arguments), environment, on_line, results), said


def _log_path(settings: Settings) -> Path:
    return settings.log_dir / "dbt.log"


def _arguments(settings: Settings, arguments: Sequence[str]) -> list[str]:
    target = dbt_target.folder(settings)
    target.mkdir(parents=True, exist_ok=True)
    return [
        *("--no-use-colors", "--log-format", "json", "--log-level", "info"),
        # dbt's own log would hold the database's messages, and those quote rows: we write what we have cleaned
        *("--log-level-file", "none", "--no-version-check"),
        *arguments,
        *("--project-dir", str(settings.project_dir)),
        *(() if arguments[0] == "deps" else ("--target-path", str(target))),
        *("--log-path", str(settings.home / "dbt" / "logs")),
    ]


def _environment(settings: Settings, code: str | None = None) -> dict[str, str]:
    variables = dbt_env(settings)
    if code is not None and dbt_target.is_parsed(settings, code):
        variables["DBT_PARTIAL_PARSE_FILE_DIFF"] = "false"  # not to read 400 files once more
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


def _progress(info: Mapping[str, Any], data: Mapping[str, Any]) -> DbtEvent | None:
    node = (data.get("node_info") or {}).get("node_name")
    name = info.get("name", "")
    if node and name == "LogStartLine":
        return DbtEvent(node, "started", data.get("index"), data.get("total"))
    if node and name.startswith("Log") and name.endswith("Result"):
        status = str(data.get("status", "")).split(" ")[0].lower()
        return DbtEvent(node, status, data.get("index"), data.get("total"))
    return None
