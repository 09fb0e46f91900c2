"""Every sample is in order: it loads whole, and shows every required column and most of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cercle import house, vendors
from cercle.load import load_file
from cercle.settings import Settings
from cercle.sources import Source, SourcePlugin
from load_support import (
    load_row,
    query,
    shared_database,  # noqa: F401 (the fixture `shared`)
)

SHIPPED: list[SourcePlugin] = [
    getattr(package, name) for package in (house, vendors) for name in package.__all__
]
ENTITIES = [(plugin, entity.name) for plugin in SHIPPED for entity in plugin.contract.entities]


def sample(plugin: SourcePlugin, entity: str) -> Path:
    assert plugin.samples_dir is not None
    [path] = plugin.samples_dir.glob(f"{plugin.contract.entity(entity).delivered_with or entity}.*")
    return path


@pytest.mark.parametrize(("plugin", "entity"), ENTITIES, ids=[f"{p.name}-{e}" for p, e in ENTITIES])
def test_a_sample_loads_whole(plugin: SourcePlugin, entity: str, shared: Settings) -> None:
    source = Source(plugin.name, plugin, "FR", "Europe/Paris")
    result = load_file(shared, source, sample(plugin, entity), entity)
    row = load_row(shared, result.load_id)
    assert row["read_count"] == row["stored_count"] >= 1
    assert result.extra_columns == ()
    columns = plugin.contract.entity(entity).columns
    counts = ", ".join(f'count("{column.name}")' for column in columns)
    [filled] = query(shared, f"select {counts} from raw.{plugin.name}__{entity}")
    unused = [column.name for column, count in zip(columns, filled, strict=True) if count == 0]
    assert len(unused) <= len(columns) * 2 // 3, unused


def test_there_is_no_sample_without_an_entity() -> None:
    for plugin in SHIPPED:
        assert plugin.samples_dir is not None
        entities = {entity.name for entity in plugin.contract.entities if entity.delivered_with is None}
        assert {path.name.partition(".")[0] for path in plugin.samples_dir.iterdir()} == entities
