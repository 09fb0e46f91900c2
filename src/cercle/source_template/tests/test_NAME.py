"""The plugin fits together: its contract, its samples, its dbt package."""

import pytest
from cercle_NAME import plugin

from cercle import db
from cercle.feeds import package_feeds
from cercle.load import load_file
from cercle.load.dbt_sources import render_sources, sources_path
from cercle.settings import Settings
from cercle.sources import Source

ENTITIES = [entity.name for entity in plugin.contract.entities]


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_row_of_the_sample_is_stored(entity: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings.from_env()
    with db.connect(settings) as connection:
        db.migrate(connection)
    [path] = plugin.samples_dir.glob(f"{entity}.*")
    source = Source("NAME", plugin, "FR", "Europe/Paris")
    result = load_file(settings, source, path, entity, is_dry_run=True)
    assert (result.state, result.rejected_count) in (("dry_run", 0), ("skipped", 0)), result
    assert result.extra_columns == ()


def test_dbt_knows_the_columns_of_the_contract() -> None:
    path = sources_path(plugin)
    assert path.read_text(encoding="utf-8") == render_sources(plugin.contract)


def test_what_is_fed_is_there() -> None:
    models = {path.stem for path in (plugin.dbt_package_dir / "models" / "staging").glob("*.sql")}
    fed = {model for models_of_input in package_feeds(plugin.dbt_package_dir).values() for model in models_of_input}
    assert fed and fed <= models


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_a_suite(entity: str) -> None:
    assert (plugin.suites_dir / f"NAME__{entity}.yml").is_file()
