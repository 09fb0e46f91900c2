"""What dbt is told to build and to test in each layer, in dbt's own words for selecting nodes.

The nodes of a layer are read from the manifest and named one by one. Dbt's own rules for the tests that go with a
selection search the graph once per word of it: an exclusion for each model took a fifth of the time of the marts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = [
    "KEY_TESTS",
    "LAYERS",
    "name_nodes",
    "nodes_of_layer",
    "nodes_up_to",
    "select_first_layer",
    "tests_of_views",
]

LAYERS = ("staging", "intermediate", "marts")

# Tests of a key. On cercle's own tables the post-hook guard_keys asks the same, in the model's transaction; on its
# staging views they follow from the loader's constraints and the view's own text. So CI runs them, and runs do not.
KEY_TESTS = ("unique", "not_null", "unique_combination")

# They judge code, and a model's name selects them too.
_NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
_BUILT = frozenset({"model", "seed", "snapshot"})

Node = Mapping[str, Any]


def select_first_layer() -> list[str]:
    """Return the arguments that select staging and the seeds, with their tests, where no manifest tells the nodes."""
    keys = [f"test_name:{name},package:cercle" for name in KEY_TESTS]
    select = ["--select", "resource_type:seed", "config.schema:staging", "--exclude", *keys]
    return [*_NO_UNIT_TESTS, "--indirect-selection", "buildable", *select]


def name_nodes(nodes: Sequence[Node]) -> list[str]:
    """Return the arguments that select these nodes, at least one, and no other."""
    names = [f"fqn:{'.'.join(node['fqn'])}" for node in nodes]
    return [*_NO_UNIT_TESTS, "--indirect-selection", "empty", "--select", *names]


def nodes_of_layer(manifest: Mapping[str, Any], layer: str) -> list[Node]:
    """Return what a run builds and tests in a layer: by schema, not by folder, since plugins have their own.

    An intermediate model that reads a mart is built with the marts, and the last layer is all that the others are
    not, a user's own models too. A test belongs to the layer where the last of what it reads is built; tests of
    keys are left out.

    Args:
        manifest: of the project.
        layer: one of LAYERS.
    """
    nodes = manifest["nodes"]
    layers = dict(_built_in(manifest))
    found = [nodes[name] for name, built_in in layers.items() if built_in == layer]
    for node in nodes.values():
        if node["resource_type"] == "test" and not _is_left_out(node):
            read = [LAYERS.index(layers[name]) for name in node["depends_on"]["nodes"] if name in layers]
            if LAYERS[max(read, default=-1)] == layer:
                found.append(node)
    return found


def nodes_up_to(manifest: Mapping[str, Any], nodes: Sequence[Node], model: str) -> list[Node]:
    """Return those of a layer's nodes that a model is made from, itself too, with the tests that read no other.

    Args:
        manifest: of the project.
        nodes: of a layer.
        model: its name.
    """
    by_id = {node["unique_id"]: node for node in nodes}
    waiting = [name for name, node in by_id.items() if node["name"] == model]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [parent for parent in manifest["parent_map"].get(name, []) if parent in by_id]
    later = set(by_id) - found
    return [
        node
        for name, node in by_id.items()
        if name in found
        or (node["resource_type"] == "test" and found and not later & set(node["depends_on"]["nodes"]))
    ]


def tests_of_views(nodes: Sequence[Node]) -> list[Node]:
    """Return the tests among a layer's nodes that read more than seeds, which say nothing new in an unchanged code."""
    seeds = {node["unique_id"] for node in nodes if node["resource_type"] == "seed"}
    return [
        node
        for node in nodes
        if node["resource_type"] == "test" and not set(node["depends_on"]["nodes"]) <= seeds
    ]


def _built_in(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The layer of each node that makes a relation, by its unique id."""
    after_marts = _after_marts(manifest)
    for name, node in manifest["nodes"].items():
        if node["resource_type"] not in _BUILT:
            continue
        schema = node["config"].get("schema")
        if node["resource_type"] == "seed" or schema == "staging":
            yield name, "staging"
        elif schema == "intermediate" and name not in after_marts:
            yield name, "intermediate"
        else:
            yield name, "marts"


def _after_marts(manifest: Mapping[str, Any]) -> set[str]:
    """The marts, and all that reads one."""
    waiting = [
        name for name, node in manifest["nodes"].items() if node["config"].get("schema") == "marts_build"
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += manifest["child_map"].get(name, [])
    return found


def _is_left_out(test: Node) -> bool:
    name = (test.get("test_metadata") or {}).get("name")
    return bool(test["package_name"] == "cercle") and name in KEY_TESTS
