"""A model of identity stays while what it is made from is the same, and is made again when anything of it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from cercle import builds, db, dbt_runner, identity
from cercle.privacy.erasure import Order, erase
from cercle.settings import Settings
from identity_support import ALWAYS_MADE, MODELS, contents
from projects import World, clone_world, query


@pytest.fixture(scope="module")
def lived_in(world: World, make_lasting_database: Callable[..., Settings]) -> Iterator[World]:
    """The world in a database of this module's own, its models of identity made once since the publication."""
    own = clone_world(world, make_lasting_database)
    with dbt_runner.warm_dbt(own.settings):
        resolve(own)
        yield own


def resolve(world: World, as_of: datetime | None = None, is_full_refresh: bool = False) -> set[str]:
    """Make the models of identity as one build that is not published; return the tables that were made again."""
    settings = world.settings
    build = builds.start_build(settings, as_of or world.as_of, full_refresh=is_full_refresh)
    how = ["--full-refresh"] if is_full_refresh else []
    dbt_runner.run_dbt(settings, "run", ["--select", MODELS, *how], build.build_id)
    builds.fail_build(settings, build.build_id, "A test's.")
    made = query(
        settings,
        "select split_part(node_id, '.', 3), message from ops.build_models where build_id = %s",
        build.build_id,
    )
    assert len(made) > 30
    return {name for name, message in made if message not in ("KEPT", "INSERT 0 0")}


def test_nothing_new_makes_nothing_again(lived_in: World) -> None:
    before = contents(lived_in.settings)
    assert resolve(lived_in) == ALWAYS_MADE
    assert resolve(lived_in, lived_in.as_of + timedelta(days=400)) == ALWAYS_MADE
    assert contents(lived_in.settings) == before


def test_a_decision_is_followed_until_it_runs_out(lived_in: World) -> None:
    before = contents(lived_in.settings)
    [(value,)] = lived_in.rows(
        """
        select identifier_value
        from intermediate.int_edges_judged
        where identifier_type = 'email' and sharing = 'own'
        group by identifier_value
        order by count(*) desc, identifier_value
        limit 1
        """
    )
    until = lived_in.as_of + timedelta(days=10)
    with db.connect(lived_in.settings) as connection:
        decision = identity.block(connection, ("email", value), "a steward", "a test", until)
    made = resolve(lived_in)
    assert {
        "int_identifiers_flagged",
        "int_edges_judged",
        "int_clusters_drafted",
        "int_record_customers",
    } <= made
    assert {"int_people_grouped", "int_identifiers_counted", "int_names_ordered"} & made == set()
    blocked = contents(lived_in.settings)
    assert blocked["int_record_customers"] != before["int_record_customers"]
    resolve(lived_in, is_full_refresh=True)
    assert contents(lived_in.settings) == blocked

    assert "int_record_customers" in resolve(lived_in, until + timedelta(days=1))
    assert contents(lived_in.settings) == before
    with db.connect(lived_in.settings) as connection:
        identity.revoke(connection, decision, "a steward")


def test_a_killed_build_leaves_no_table_that_says_too_much(lived_in: World) -> None:
    """Between two models a build dies: some tables are newer than others, and the next one makes the others."""
    before = contents(lived_in.settings)
    settings = lived_in.settings
    [(key,)] = lived_in.rows(
        "select min(identifier_key) from marts.customer_identifiers where identifier_type = 'phone'"
    )
    with db.connect(settings) as connection:
        decision = identity.block(connection, ("phone", key), "a steward", "a test")
    build = builds.start_build(settings, lived_in.as_of)
    dbt_runner.run_dbt(settings, "run", ["--select", "int_overrides_standing", "int_identifiers_flagged"])
    builds.fail_build(settings, build.build_id, "A test's.")
    with db.connect(settings) as connection:
        identity.revoke(connection, decision, "a steward")
    assert "int_identifiers_flagged" in resolve(lived_in)
    assert contents(lived_in.settings) == before
    assert resolve(lived_in) == ALWAYS_MADE


def test_an_erasure_is_followed_by_making_all_again(own_world: World) -> None:
    [(customer_id,)] = own_world.rows(
        "select customer_id from intermediate.int_record_customers group by 1 order by count(*) desc, 1 limit 1"
    )
    erase(own_world.settings, Order("They asked for it.", customer_id))
    resolve(own_world)
    found = contents(own_world.settings)
    assert found["int_people_named"][0] > 0
    resolve(own_world, is_full_refresh=True)
    assert contents(own_world.settings) == found
