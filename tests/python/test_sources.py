"""Plugins and source instances: found by entry point, configured in the project, refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import yaml

from cercle import sources, vendors
from cercle.errors import CercleError
from cercle.feeds import feeding_models, package_feeds
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.sources import SourcePlugin, configured_sources, get_source, installed_plugins

HOUSE = ("store", "social", "email", "phone", "contact", "marketing", "privacy")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    project = tmp_path / "project"
    project.mkdir()
    return replace(Settings.from_env({"CERCLE_HOME": str(tmp_path)}), project_dir=project)


def configure(settings: Settings, text: str) -> None:
    (settings.project_dir / "dbt_project.yml").write_text(text, encoding="utf-8")


def test_the_house_plugins_are_installed() -> None:
    plugins = installed_plugins()
    assert set(HOUSE) <= set(plugins)
    for name in HOUSE:
        plugin = plugins[name]
        assert plugin.contract.name == name
        assert plugin.samples_dir is not None
        assert (package_root() / plugin.docs).is_file(), plugin.docs


def test_the_house_feeds_every_input_of_the_shared_models(settings: Settings) -> None:
    project = yaml.safe_load((package_root() / "dbt_project.yml").read_text(encoding="utf-8"))
    inputs = project["vars"]["cercle_inputs"]
    assert {name: feeding_models(settings, name) for name in inputs} == inputs
    staging = {path.stem for path in (package_root() / "models" / "staging").rglob("stg_*.sql")}
    assert {model for models in inputs.values() for model in models} == staging


def test_without_a_project_the_house_sources_are_there_once_each(settings: Settings) -> None:
    found = configured_sources(settings)
    assert tuple(found) == HOUSE
    assert (found["store"].region, found["store"].time_zone) == ("FR", "Europe/Paris")


def test_a_project_has_the_sources_that_it_names(settings: Settings) -> None:
    configure(
        settings,
        """
        vars:
          cercle_sources:
            lyon: {plugin: store, region: FR, time_zone: Europe/Paris}
            dublin: {plugin: store, region: IE}
            email:
        """.replace("email:\n", "email: {}\n"),
    )
    found = configured_sources(settings)
    assert [
        (source.name, source.plugin.name, source.region, source.time_zone) for source in found.values()
    ] == [
        ("lyon", "store", "FR", "Europe/Paris"),
        ("dublin", "store", "IE", "UTC"),
        ("email", "email", None, "UTC"),
    ]
    assert get_source(settings, "dublin").plugin is installed_plugins()["store"]
    with pytest.raises(CercleError, match="Use one of lyon, dublin, email"):
        get_source(settings, "store")


def test_a_var_of_the_package_goes_before_one_for_all(settings: Settings) -> None:
    configure(
        settings,
        "vars: {cercle_sources: {a: {plugin: store}}, cercle: {cercle_sources: {b: {plugin: store}}}}",
    )
    assert list(configured_sources(settings)) == ["b"]


def test_a_project_without_the_var_has_the_house_sources(settings: Settings) -> None:
    configure(settings, "name: mine\nvars: {other: 1}")
    assert tuple(configured_sources(settings)) == HOUSE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vars: [", "cannot be read"),
        ("vars: {cercle_sources: []}", "must map names to plugins"),
        ("vars: {cercle_sources: {Store: {plugin: store}}}", "lower case"),
        ("vars: {cercle_sources: {'a:b': {plugin: store}}}", "lower case"),
        ("vars: {cercle_sources: {store: store}}", "has plugin, region and time_zone"),
        ("vars: {cercle_sources: {store: {plugin: store, zone: UTC}}}", "has plugin, region and time_zone"),
        ("vars: {cercle_sources: {till: {plugin: nothing}}}", "called 'nothing'"),
        ("vars: {cercle_sources: {till: {}}}", "called 'till'"),
        ("vars: {cercle_sources: {store: {region: fr}}}", "two capital letters"),
        ("vars: {cercle_sources: {store: {time_zone: Paris}}}", "IANA name"),
    ],
)
def test_a_wrong_configuration_is_told(text: str, sentence: str, settings: Settings) -> None:
    configure(settings, text)
    with pytest.raises(CercleError, match=sentence):
        configured_sources(settings)


# --- plugins of other packages ---------------------------------------------------------------------------------


def a_function() -> SourcePlugin:
    return SourcePlugin("a_function", Path("nowhere.yaml"))


AN_OBJECT = SourcePlugin("an_object", Path("nowhere.yaml"))
NOT_A_PLUGIN = object


def install(monkeypatch: pytest.MonkeyPatch, *pairs: tuple[str, str]) -> None:
    points = [EntryPoint(name, value, sources.ENTRY_POINT_GROUP) for name, value in pairs]
    monkeypatch.setattr(sources, "entry_points", lambda group: points)
    sources.installed_plugins.cache_clear()


@pytest.fixture(autouse=True)
def _plugins_are_looked_for_again() -> object:
    yield
    sources.installed_plugins.cache_clear()


def test_an_entry_point_is_a_plugin_or_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("an_object", f"{__name__}:AN_OBJECT"), ("a_function", f"{__name__}:a_function"))
    assert list(installed_plugins()) == ["a_function", "an_object"]


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("x", "no.such.module:x")], "cannot be imported \\(ModuleNotFoundError"),
        ([("x", f"{__name__}:NOT_A_PLUGIN")], "does not give a SourcePlugin"),
        ([("x", f"{__name__}:AN_OBJECT")], "does not give a SourcePlugin of that name"),
        ([("an_object", f"{__name__}:AN_OBJECT")] * 2, "Two installed packages"),
    ],
)
def test_a_broken_plugin_is_told(
    pairs: list[tuple[str, str]], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, *pairs)
    with pytest.raises(CercleError, match=sentence):
        installed_plugins()


def test_a_plugin_and_its_contract_have_one_name() -> None:
    plugin = SourcePlugin("till", package_root() / "contracts" / "store.yaml")
    with pytest.raises(CercleError, match="calls itself 'store'"):
        _ = plugin.contract
    path = package_root() / "contracts" / "store.yaml"
    plugin = SourcePlugin("store", path, parsers={"nothing": lambda *_: iter(())})
    with pytest.raises(CercleError, match="no entity 'nothing'"):
        _ = plugin.contract


# --- what feeds an input ---------------------------------------------------------------------------------------


def test_an_input_is_fed_by_the_house_the_plugins_in_use_and_the_project(settings: Settings) -> None:
    assert feeding_models(settings, "campaign_events") == ["stg_email__campaign_events"]
    configure(
        settings,
        """
        vars:
          cercle_sources: {grocer: {plugin: complete_journey}, till: {plugin: store}}
          cercle_extra_inputs: {campaign_events: [stg_own__campaign_events]}
        """,
    )
    assert feeding_models(settings, "campaign_events") == [
        "stg_email__campaign_events",
        "stg_complete_journey__campaign_events",
        "stg_complete_journey__coupon_redemptions",
        "stg_own__campaign_events",
    ]
    assert feeding_models(settings, "calls") == ["stg_phone__calls"]


@pytest.mark.parametrize(
    "text",
    [
        "{% macro feeds() %}{{ return({'orders': var('x')}) }}{% endmacro %}",
        "{% macro feeds() %}{% endmacro %}",
        "{% macro feed() %}{{ return({}) }}{% endmacro %}",
        "{% macro feeds() %}{{ return(['orders']) }}{% endmacro %}",
        "{% macro feeds() %}{{ return({'orders': 1}) }}{% endmacro %}",
        "{% macro feeds() %}",
    ],
)
def test_feeds_that_cannot_be_read_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "feeds.sql").write_text(text, encoding="utf-8")
    with pytest.raises(CercleError, match=r"feeds\(\) cannot be read"):
        package_feeds(tmp_path)


def test_a_package_without_feeds_feeds_nothing(tmp_path: Path) -> None:
    assert package_feeds(tmp_path) == {}


@pytest.mark.parametrize("name", [*HOUSE, *vendors.__all__])
def test_the_page_of_a_source_names_what_is_required(name: str) -> None:
    plugin = installed_plugins()[name]
    lines = (package_root() / plugin.docs).read_text(encoding="utf-8").splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    for entity in plugin.contract.entities:
        required = [column.name for column in entity.columns if column.is_required]
        row = rows[entity.name]
        assert [column for column in required if column not in row] == []
        assert f"| {entity.delivery} |" in row
