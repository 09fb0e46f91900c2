"""What dbt said of its nodes: results for ops.build_models, and messages without values of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from cercle.errors import EXIT_DATABASE, EXIT_DIFFERENCE, EXIT_INTERRUPTED, EXIT_REFUSED, CercleError

__all__ = ["DbtResult", "NodeResult", "failure", "keep_results", "read_results", "without_values"]

_SHOWN_FAILURES = 5


@dataclass(frozen=True)
class NodeResult:
    """How a node ended.

    Attributes:
        message: without a value of a row.
        started_at: the beginning of its statement, as dbt writes it (UTC); None for one that was skipped.
        finished_at: its end.
    """

    node_id: str
    status: str
    seconds: float
    row_count: int | None
    failure_count: int | None
    message: str | None
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def is_failed(self) -> bool:
        """Whether dbt counts it as a failure."""
        return self.status in {"error", "fail", "runtime error"}

    @property
    def name(self) -> str:
        """The part of the id that people know: model.cercle.orders -> orders."""
        parts = self.node_id.split(".")
        return parts[2] if len(parts) > 2 else self.node_id


@dataclass(frozen=True)
class DbtResult:
    """The nodes of one invocation."""

    nodes: tuple[NodeResult, ...]

    def counts(self) -> dict[str, int]:
        """Return how many nodes ended in each status."""
        statuses = [node.status for node in self.nodes]
        return {status: statuses.count(status) for status in sorted(set(statuses))}


def read_results(path: Path) -> list[NodeResult]:
    """Read dbt's run_results.json, and clean that file of values as well; no file, no results."""
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    for result in content["results"]:
        if result.get("message"):
            result["message"] = without_values(str(result["message"]))
    path.write_text(json.dumps(content), encoding="utf-8")
    return [
        NodeResult(
            node_id=result["unique_id"],
            status=result["status"],
            seconds=result.get("execution_time") or 0.0,
            row_count=_row_count(result),
            failure_count=result.get("failures"),
            message=result.get("message"),
            **_times(result),
        )
        for result in content["results"]
    ]


def _times(result: dict[str, Any]) -> dict[str, str | None]:
    """When the node's statement began and ended; a node that did not run has neither."""
    for timing in result.get("timing") or ():
        if timing["name"] == "execute":
            return {"started_at": timing["started_at"], "finished_at": timing["completed_at"]}
    return {}


def _row_count(result: dict[str, dict[str, object] | None]) -> int | None:
    affected = (result.get("adapter_response") or {}).get("rows_affected")
    return affected if isinstance(affected, int) and affected >= 0 else None


def keep_results(connection: psycopg.Connection, build_id: int, nodes: Sequence[NodeResult]) -> None:
    """Keep results in ops.build_models; a node that ran again has its last result."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.build_models (
                build_id, node_id, status, seconds, row_count, failure_count, message
            )
            values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (build_id, node_id) do update set
                status = excluded.status,
                seconds = excluded.seconds,
                row_count = excluded.row_count,
                failure_count = excluded.failure_count,
                message = excluded.message
            """,
            [
                (
                    build_id,
                    node.node_id,
                    node.status,
                    round(node.seconds, 3),
                    node.row_count,
                    node.failure_count,
                    node.message,
                )
                for node in nodes
            ],
        )


def failure(
    command: str, code: int, nodes: Sequence[NodeResult], said: Sequence[str], log: Path
) -> CercleError:
    """Return the error for a dbt command that failed, naming the nodes.

    Args:
        command: build, deps, …
        code: dbt's exit code.
        nodes: results of this invocation.
        said: dbt's own errors, for when it came to no results.
        log: where the whole story is.
    """
    failed = [node for node in nodes if node.is_failed]
    remedy = f"The whole log is {log}"
    passing = _passing_code(code, [*said, *(node.message or "" for node in failed)])
    if not failed:
        what = " ".join(said[-3:]) or f"dbt {command} ended with code {code}"
        return CercleError(_one_line(what), f"dbt {command}", remedy, passing or EXIT_REFUSED)
    shown = "; ".join(
        f"{node.name}: {_one_line(node.message or node.status)}" for node in failed[:_SHOWN_FAILURES]
    )
    more = f"; and {len(failed) - _SHOWN_FAILURES} more" if len(failed) > _SHOWN_FAILURES else ""
    are_tests = all(node.node_id.startswith("test.") for node in failed)
    noun = ("test" if are_tests else "node") + ("s" if len(failed) > 1 else "")
    return CercleError(
        f"{len(failed)} dbt {noun} failed: {shown}{more}",
        where=f"dbt {command}",
        remedy=remedy,
        exit_code=passing or (EXIT_DIFFERENCE if are_tests else EXIT_REFUSED),
    )


# PostgreSQL's and libpq's words for what passes by itself, or when somebody makes room.
_PASSING = re.compile(
    "server closed the connection|connection to server|could not connect|connection (already|has been|is) closed"
    "|terminating connection|the database system is|SSL connection has been closed|too many (clients|connections)"
    "|no space left on device|out of memory|temporary file size exceeds|deadlock detected|could not serialize access"
    "|due to lock timeout",
    re.IGNORECASE,
)


def _passing_code(code: int, said: Sequence[str]) -> int | None:
    """Return the exit code of an error that may pass by itself, None for one that stays."""
    if code < 0 or code >= 128:
        return EXIT_INTERRUPTED  # ended by a signal: somebody stopped the machine, or its memory was short
    return EXIT_DATABASE if any(_PASSING.search(text) for text in said) else None


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:600]


# Words after which PostgreSQL and dbt quote a name; whatever else they quote may come from a row.
_NAMED = (
    "relation|column|table|constraint|index|view|function|type|schema|database|role|operator|model|node|source|"
    "macro|parameter|test|seed|file|field|extension|language|cursor|collation|enum"
)
_QUOTED = re.compile(rf"(?P<before>(?:\b(?:{_NAMED})\s+)?)(?P<quoted>\"[^\"\n]*\")", re.IGNORECASE)
_DROPPED = re.compile(r"^\s*(DETAIL|CONTEXT|HINT|LINE \d+|QUERY|WHERE)\b", re.IGNORECASE)
_NAME = re.compile(r'"[a-z_][a-z0-9_.]{0,80}"')


def without_values(message: str) -> str:
    """Return a message of the database or of dbt without what it may quote of a row.

    PostgreSQL quotes rows in DETAIL, CONTEXT and LINE, and values in double quotes; names of relations, columns
    and constraints stay.

    Args:
        message: as it came.
    """
    kept = [
        _QUOTED.sub(_masked, line)
        for line in message.splitlines()
        if not _DROPPED.match(line) and set(line.strip()) != {"^"}
    ]
    return "\n".join(kept)


def _masked(match: re.Match[str]) -> str:
    is_name = bool(match["before"]) and bool(_NAME.fullmatch(match["quoted"]))
    return match["before"] + (match["quoted"] if is_name else '"…"')
