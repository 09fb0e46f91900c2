"""Checks what a machine can check of STYLE in the dbt package: names, layers, grain, contracts, keys, the clock.

The rules follow dbt-project-evaluator where it has them; that package cannot be downloaded where CI runs.
Exceptions are data: tools/dbt_style_exceptions.yml, each with its reason. Prints one line per violation, exits 1
when there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
MAX_MODEL_LINES = 100
MAX_MODEL_INPUTS = 7
CLOCK = re.compile(
    r"\b(now\s*\(|current_timestamp|current_date|clock_timestamp\s*\(|transaction_timestamp\s*\(|localtimestamp)",
    re.I,
)
LAYER_ORDER = {"staging": 1, "intermediate": 2, "marts": 3}
COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}", re.S)
STAGING_NAME = re.compile(r"stg_[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9_]+$")
FINAL_SELECT = re.compile(r"select \* from (?P<last>[a-z_0-9]+)\s*$")
CTE_NAME = re.compile(r"^(?P<name>[a-z_0-9]+) as (not materialized |materialized )?\($", re.M)


@dataclass(frozen=True)
class Model:
    """A model file with what its folder's YAML says of it."""

    path: Path
    layer: str
    properties: dict[str, Any]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.path.stem

    @property
    def sql(self) -> str:
        """The model's text."""
        return self.path.read_text(encoding="utf-8")


def read_properties(models_folder: Path) -> dict[str, dict[str, Any]]:
    """Returns the YAML properties of every model, by model name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(models_folder.rglob("*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for model in document.get("models", []):
            found[model["name"]] = model
    return found


def read_models(models_folder: Path) -> list[Model]:
    """Returns every model below the folder, with its layer (the first folder's name)."""
    properties = read_properties(models_folder)
    return [
        Model(path, path.relative_to(models_folder).parts[0], properties.get(path.stem, {}))
        for path in sorted(models_folder.rglob("*.sql"))
    ]


def check_text(model: Model) -> Iterator[tuple[str, str]]:
    """Yields (rule, sentence) for what the SQL text alone shows."""
    sql = COMMENT.sub("", model.sql)
    if CLOCK.search(sql):
        yield "no_clock", "asks the clock; use cercle.as_of()"
    if len(model.sql.splitlines()) > MAX_MODEL_LINES + 10:
        yield (
            "length",
            f"has {len(model.sql.splitlines())} lines; over about {MAX_MODEL_LINES} it is two models",
        )
    inputs = set(re.findall(r"ref\(\s*'([^']+)'\s*\)", sql)) | set(
        re.findall(r"union_inputs\(\s*'([^']+)'", sql)
    )
    if len(inputs) > MAX_MODEL_INPUTS:
        yield "inputs", f"has {len(inputs)} inputs; over {MAX_MODEL_INPUTS} it is two models"
    final = FINAL_SELECT.search(sql.strip())
    names = CTE_NAME.findall(sql)
    if final is None:
        yield "final_select", "does not end with `select * from <last step>`"
    elif names and final["last"] != names[-1][0]:
        yield "final_select", f"ends with {final['last']}, but its last step is {names[-1][0]}"
    if model.layer != "staging" and re.search(r"\{\{\s*source\(\s*'raw'", sql):
        yield "source_in_staging", "reads raw; only staging does"
    if model.layer == "staging" and re.search(r"\b(join|group by)\b", sql, re.I):
        yield "staging_renames", "joins or aggregates; staging renames"


def check_layers(model: Model, layers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yields (rule, sentence) for a model that reads a later layer: the layers are built one after the other."""
    for name in sorted(set(re.findall(r"ref\(\s*'([^']+)'\s*\)", COMMENT.sub("", model.sql)))):
        if LAYER_ORDER.get(layers.get(name, ""), 0) > LAYER_ORDER.get(model.layer, 0):
            yield "layer_order", f"reads {name}, which a later layer builds"


def check_properties(model: Model) -> Iterator[tuple[str, str]]:
    """Yields (rule, sentence) for what the YAML says, or does not say."""
    description = str(model.properties.get("description", "")).strip()
    if not description:
        yield "described", "has no description"
    elif not description.startswith("One row per "):
        yield "grain_first", "has a description that does not start with its grain (`One row per …`)"
    if model.layer == "staging" and not STAGING_NAME.match(model.name):
        yield "staging_name", "is not named stg_<source>__<entity>s"
    if model.layer == "intermediate" and not model.name.startswith("int_"):
        yield "intermediate_name", "is not named int_<entity>s_<participle>"
    if model.layer == "marts":
        yield from check_mart(model)
    elif not has_key_test(model):
        yield "key_test", "has no test of its key"


def check_mart(model: Model) -> Iterator[tuple[str, str]]:
    """Yields (rule, sentence) for a mart without primary key, with columns undescribed or money without currency."""
    constraints = model.properties.get("constraints", [])
    columns = {column["name"]: column for column in model.properties.get("columns", [])}
    column_keys = [
        constraint
        for column in columns.values()
        for constraint in column.get("constraints", [])
        if constraint["type"] == "primary_key"
    ]
    if not column_keys and not any(constraint["type"] == "primary_key" for constraint in constraints):
        yield "primary_key", "has no primary key in its contract"
    for name, column in columns.items():
        if not column.get("data_type"):
            yield "typed", f"has no data_type for {name}"
        if not column.get("description"):
            yield "columns_described", f"has no description for {name}"
    if any(name.endswith("_amount") for name in columns) and not any(
        "currency_code" in name for name in columns
    ):
        yield "currency", "has amounts but no currency_code"


def has_key_test(model: Model) -> bool:
    """Returns whether a unique test stands on a column, or a combination, of the model."""
    tests = list(model.properties.get("data_tests", []))
    for column in model.properties.get("columns", []):
        tests += column.get("data_tests", [])
    names = [test if isinstance(test, str) else next(iter(test)) for test in tests]
    return any("unique" in name for name in names)


def read_exceptions(path: Path) -> set[tuple[str, str]]:
    """Returns the (model, rule) pairs that are allowed, each with a reason in the file."""
    if not path.exists():
        return set()
    allowed = set()
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        if not entry.get("reason"):
            raise SystemExit(f"{path.name}: the exception for {entry.get('model')} has no reason; write one.")
        allowed.add((entry["model"], entry["rule"]))
    return allowed


def main() -> int:
    """Checks every model; returns the exit code."""
    allowed = read_exceptions(ROOT / "tools" / "dbt_style_exceptions.yml")
    folders = [ROOT / "models", *sorted((ROOT / "src" / "cercle" / "vendors").glob("*/dbt/models"))]
    models = [model for folder in folders for model in read_models(folder)]
    if not models:
        print("check_dbt_style: found no model below models/; is this the right folder?")
        return 1
    layers = {model.name: model.layer for model in models}
    used: set[tuple[str, str]] = set()
    violations = 0
    for model in models:
        for rule, sentence in [*check_text(model), *check_layers(model, layers), *check_properties(model)]:
            if (model.name, rule) in allowed:
                used.add((model.name, rule))
                continue
            violations += 1
            print(f"{model.path.relative_to(ROOT)}: {model.name} {sentence} [{rule}]")
    for name, rule in sorted(allowed - used):
        violations += 1
        print(f"tools/dbt_style_exceptions.yml: {name} [{rule}] is no longer needed; take it out.")
    print(f"check_dbt_style: {len(models)} models, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
