"""What dbt is told to build and to test in each layer, in dbt's own words for selecting nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "KEY_TESTS",
    "LAYERS",
    "in_runs",
    "relations_of_staging",
    "select_before_marts",
    "select_marts",
    "tests_of_staging",
]

LAYERS = ("staging", "intermediate", "marts")

# Tests of a key. On cercle's own tables the post-hook guard_keys asks the same, in the model's transaction; on its
# staging views they follow from the loader's constraints and the view's own text. So CI runs them, and runs do not.
KEY_TESTS = ("unique", "not_null", "unique_combination")


def select_before_marts(layer: str) -> list[str]:
    """Return the arguments that select a layer: by schema, not by folder, since plugins and projects have their own.

    An intermediate model that reads a mart is built with the marts.

    Args:
        layer: staging or intermediate.
    """
    if layer == "staging":
        return in_runs(["resource_type:seed", "config.schema:staging"])
    return in_runs(["config.schema:intermediate"], ["resource_type:seed", "config.schema:marts_build+"])


def select_marts(manifest: Mapping[str, Any]) -> list[str]:
    """Return the arguments that select the last layer: all that the others are not, a user's own models too."""
    before = _built_before_marts(manifest)
    return in_runs(exclude=["resource_type:seed", "config.schema:staging", *before])


def in_runs(select: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[str]:
    """Return dbt's arguments for nodes of a run: without tests of keys and without unit tests, which judge code."""
    keys = [f"test_name:{name},package:cercle" for name in KEY_TESTS]
    return [
        *("--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"),
        *(("--select", *select) if select else ()),
        *("--exclude", *exclude, *keys),
    ]


def _built_before_marts(manifest: Mapping[str, Any]) -> list[str]:
    """Selectors of the intermediate models that read no mart; dbt can subtract them, but has no words for them."""
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


def relations_of_staging(manifest: Mapping[str, Any]) -> list[str]:
    """Return the relations that the first layer makes, as quoted names."""
    return [node["relation_name"] for node in manifest["nodes"].values() if _is_staging(node)]


def tests_of_staging(manifest: Mapping[str, Any]) -> list[str]:
    """Return selectors of the tests of a run that read views of staging and no later layer.

    Those that read seeds alone are not among them: while the code is the same they have nothing new to say.
    """
    nodes = manifest["nodes"]
    found = []
    for test in nodes.values():
        if test["resource_type"] != "test" or _is_left_out(test):
            continue
        read = [nodes.get(name) for name in test["depends_on"]["nodes"]]
        is_early = all(node is not None and _is_staging(node) for node in read)
        if is_early and any(node and node["resource_type"] == "model" for node in read):
            found.append(f"fqn:{'.'.join(test['fqn'])}")
    return found


def _is_left_out(test: Mapping[str, Any]) -> bool:
    name = (test.get("test_metadata") or {}).get("name")
    return bool(test["package_name"] == "cercle") and name in KEY_TESTS


def _is_staging(node: Mapping[str, Any]) -> bool:
    is_model = node["resource_type"] == "model" and node["config"].get("schema") == "staging"
    return is_model or bool(node["resource_type"] == "seed")
