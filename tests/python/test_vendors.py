"""The plugins of vendors: their samples through the whole circle in one run, and real payloads where they are there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cercle import vendors
from cercle.dbt_runner import read_manifest
from cercle.settings import Settings
from cercle.sources import installed_plugins
from projects import World, land, make_project, query, run


@pytest.fixture(scope="module")
def warehouse(make_lasting_database: Callable[..., Settings]) -> Settings:
    """A published warehouse of which every vendor is a source, each with its samples. Read it; change nothing."""
    settings = make_lasting_database()
    options = {"region": "FR", "time_zone": "Europe/Paris"}
    make_project(settings, {name: {"plugin": name, **options} for name in vendors.__all__})
    for name in vendors.__all__:
        samples = installed_plugins()[name].samples_dir
        assert samples is not None
        for path in samples.iterdir():
            land(settings, name, path.name.partition(".")[0], [path])
    run(settings)
    return settings


def test_a_project_without_vendors_has_nothing_of_them(world: World) -> None:
    """No node for dbt to parse or to build."""
    packages = {node["package_name"] for node in read_manifest(world.settings)["nodes"].values()}
    assert packages == {"cercle", "cercle_project"} & packages
    assert "cercle" in packages


def test_nothing_of_the_samples_is_lost(warehouse: Settings) -> None:
    counts = query(
        warehouse,
        """
        select sum(read_count - stored_count), sum(rejected_count), count(*) filter (where state <> 'checked')
        from ops.loads
        """,
    )
    assert counts == [(0, 0, 0)]


# --- zendesk ------------------------------------------------------------------------------------------------


def test_a_ticket_is_a_conversation_in_its_channel(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select channel, direction, case_id, outcome
        from marts.interactions
        where source_name = 'zendesk'
        order by occurred_at
        """,
    )
    assert rows == [
        ("email", "inbound", "zendesk:501", None),
        ("email", "outbound", "zendesk:501", None),
        ("email", "inbound", "zendesk:501", None),
        ("web_form", "inbound", "zendesk:502", None),
        ("web_form", "outbound", "zendesk:502", None),
        ("chat", "inbound", "zendesk:503", None),
        ("chat", "outbound", "zendesk:503", None),
        ("phone", "inbound", "zendesk:504", "answered"),
    ]


def test_a_requester_is_one_customer_and_an_agent_none(warehouse: Settings) -> None:
    rows = query(
        warehouse,
        """
        select
            count(distinct customer_id),
            count(*) filter (where customer_id is null)
        from marts.interactions
        where source_name = 'zendesk'
        """,
    )
    assert rows == [(2, 0)]
    names = query(
        warehouse,
        "select count(*) from marts.customer_identifiers where identifier_value like '%%boutique.exemple.fr%%'",
    )
    assert names == [(0,)]
