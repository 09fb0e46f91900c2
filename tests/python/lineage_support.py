"""What every OpenLineage event must be, by the specification (2-0-2), and where the events of a run are gathered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Event = dict[str, Any]

_FACETS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["_producer", "_schemaURL"],
        "properties": {"_producer": {"format": "uri"}, "_schemaURL": {"format": "uri"}},
    },
}
_NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "facets": _FACETS,
        "inputFacets": _FACETS,
        "outputFacets": _FACETS,
    },
}
_RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "eventType", "run", "job"],
    "properties": {
        "eventTime": {"type": "string", "format": "moment"},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"type": "string", "format": "uri"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": _FACETS},
        },
        "job": _NAMED,
        "inputs": {"type": "array", "items": _NAMED},
        "outputs": {"type": "array", "items": _NAMED},
    },
}
_FORMATS = FormatChecker(["uuid"])


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    scheme, _, rest = str(value).partition(":")
    return scheme.isalpha() and bool(rest)


@_FORMATS.checks("moment", raises=ValueError)
def _is_moment(value: object) -> bool:
    return datetime.fromisoformat(str(value)).tzinfo is not None


_VALIDATOR = Draft202012Validator(_RUN_EVENT, format_checker=_FORMATS)


def assert_valid(events: Iterable[Event]) -> None:
    """Each event is one of the specification, and each run that begins also ends, once."""
    states: dict[str, list[str]] = {}
    for event in events:
        errors = [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(event)]
        assert not errors, (event["job"]["name"], errors)
        states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    for run_id, found in states.items():
        assert found.count("START") == 1, (run_id, found)
        assert len({"COMPLETE", "FAIL"} & set(found)) == 1, (run_id, found)


def events_of(path: Path) -> list[Event]:
    """The events of a file, one a line, as the client's file transport writes them."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(datasets: Iterable[Event]) -> set[str]:
    """The names of datasets, without their database."""
    return {dataset["name"].partition(".")[2] for dataset in datasets}
