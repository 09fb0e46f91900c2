"""dbt's sources.yml, generated from the contracts, so that no column is described twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cercle.contracts import RAW_METADATA, Column, Contract, Entity
from cercle.load.raw_tables import metadata_columns
from cercle.paths import package_root
from cercle.sources import SourcePlugin

__all__ = ["render_sources", "sources_path"]

_HEADER = """\
# Generated from the contract by `cercle contracts sources`: change the contract, then run it again.
# The loader enforces required, unique and accepted values, so no test stands here.
"""


def sources_path(plugin: SourcePlugin) -> Path | None:
    """Return where a plugin's sources.yml belongs, None where the plugin has no dbt models."""
    if plugin.dbt_package_dir is not None:
        return plugin.dbt_package_dir / "models" / "staging" / "_staging__sources.yml"
    folder = package_root() / "models" / "staging" / plugin.name
    return folder / f"_{plugin.name}__sources.yml" if folder.is_dir() else None


def render_sources(contract: Contract) -> str:
    """Return the text of sources.yml for the raw tables of a contract."""
    document = {
        "version": 2,
        "sources": [
            {
                "name": "raw",
                "schema": "raw",
                "loader": "cercle",
                "tables": [_table(contract, entity) for entity in contract.entities],
            }
        ],
    }
    text = yaml.dump(document, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=118)
    return _HEADER + text


class _Indented(yaml.SafeDumper):
    """Lists indented below their key, as the project's other YAML has them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never put a list at the indentation of its key."""
        super().increase_indent(flow, False)


def _table(contract: Contract, entity: Entity) -> dict[str, Any]:
    columns = [_column(column) for column in entity.columns]
    columns += [
        {"name": name, "description": RAW_METADATA[name][1], "data_type": RAW_METADATA[name][0]}
        for name in metadata_columns(entity)
    ]
    return {
        "name": entity.relation,
        "description": entity.description,
        "config": {
            "meta": {
                "contract_version": contract.version,
                "entity": entity.name,
                "delivery": entity.delivery,
                "key": [column.name for column in entity.key_columns],
            }
        },
        "columns": columns,
    }


def _column(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name}
    if column.name != column.name.lower():
        entry["quote"] = True
    entry["description"] = column.description
    entry["data_type"] = column.data_type
    config: dict[str, Any] = {}
    if column.is_personal:
        config["tags"] = ["personal"]
    if column.semantic_type:
        config["meta"] = {"semantic_type": column.semantic_type}
    if config:
        entry["config"] = config
    return entry
