"""Every shape of SCENARIOS.md, through the loader, dbt and the publication of ids, in four steps of time."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import psycopg
import pytest

from cercle import db, identity
from cercle.load.raw_tables import ensure_raw_tables
from cercle.paths import package_root
from cercle.settings import Settings
from cercle.sources import all_contracts
from identity_scenarios import Row, Scenario, scenarios
from identity_support import copy_package, dbt, deliver, publish_ids, withdraw, write_project

FOLDERS = (
    "macros",
    "models/staging",
    "models/intermediate/identity",
    "models/marts/identity",
    "seeds/identity",
    "tests/dbt/identity",
)
WORLD = scenarios()
NAMES = [scenario.name for scenario in WORLD]
DECIDE = {"link": identity.link, "unlink": identity.unlink, "block": identity.block}
# Scenarios whose second delivery is taken back in the last step.
WITHDRAWN = ("bridge-that-arrives-late", "withdrawn-sharer")


class Warehouse:
    """Loads, builds the identity models and publishes ids, step by step."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        copy_package(settings, FOLDERS)
        write_project(settings, {})
        with db.connect(settings) as connection:
            ensure_raw_tables(connection, all_contracts())

    def deliver(self, files: dict[str, list[tuple[str, Row]]]) -> None:
        """Load each file's rows."""
        for name, rows in files.items():
            deliver(self.settings, name, rows)

    def build(self, full_refresh: bool = False) -> dict[str, str]:
        """Build, test and publish; returns record to customer."""
        with db.connect(self.settings) as connection:
            (build_id,) = connection.execute(
                "insert into ops.builds (state, as_of, cercle_version) values ('running', clock_timestamp(), '0')"
                " returning build_id"
            ).fetchone()
            connection.execute(
                "insert into ops.build_loads select %s, load_id from ops.loads where state in ('checked', 'released')",
                (build_id,),
            )
        refresh = ["--full-refresh"] if full_refresh else []
        dbt(self.settings, "build", "--exclude", "test_type:generic", *refresh)
        with db.connect(self.settings) as connection:
            publish_ids(connection, build_id)
            for relation in ("identity_links", "customer_identifiers", "customer_redirects"):
                connection.execute(f"drop table if exists marts.{relation}")
                connection.execute(f"create table marts.{relation} as table marts_build.{relation}")
            return dict(
                connection.execute(
                    "select record_key, customer_id from identity.record_customers where known_to = 'infinity'"
                ).fetchall()
            )


def by_file(step: int) -> dict[str, list[tuple[str, Row]]]:
    """The rows of a step: of the first all in one file, of later ones a file per scenario."""
    if step == 1:
        return {"step1": [row for scenario in WORLD for row in scenario.rows.get(1, [])]}
    return {f"step{step}-{scenario.name}": scenario.rows[step] for scenario in WORLD if step in scenario.rows}


@pytest.fixture(scope="module")
def make_warehouse(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Warehouse]]:
    """A function that makes a warehouse which lives as long as this module."""
    from cercle import server as embedded

    made: list[str] = []

    def make(name: str) -> Warehouse:
        with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name} template {template_database}")
        made.append(name)
        home = tmp_path_factory.mktemp(name)
        return Warehouse(
            Settings(
                home=home,
                dsn=embedded.url(server, name),
                project_dir=home / "project",
                landing_dir=home / "landing",
                dbt_executable=Settings.from_env().dbt_executable,
                hmac_spec="k1:" + "01" * 32,
            )
        )

    yield make
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        for name in made:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def warehouse(make_warehouse: Callable[[str], Warehouse]) -> Warehouse:
    return make_warehouse("scenarios")


@pytest.fixture(scope="module")
def history(warehouse: Warehouse) -> dict[int, dict[str, str]]:
    """Record to customer after each step."""
    steps: dict[int, dict[str, str]] = {}
    warehouse.deliver(by_file(1))
    steps[1] = warehouse.build()
    warehouse.deliver(by_file(2))
    steps[2] = warehouse.build()
    with db.connect(warehouse.settings) as connection:
        made = [
            DECIDE[action](connection, about, "a steward", "they said so")
            for scenario in WORLD
            for action, about in scenario.decisions
        ]
    steps[3] = warehouse.build()
    with db.connect(warehouse.settings) as connection:
        for override_id in made:
            identity.revoke(connection, override_id, "a steward")
    for name in WITHDRAWN:
        withdraw(warehouse.settings, f"step2-{name}")
    steps[4] = warehouse.build(full_refresh=True)
    return steps


def expected_at(scenario: Scenario, step: int) -> tuple[list[set[str]], set[str]]:
    latest = max(known for known in scenario.together if known <= step)
    return scenario.together[latest], scenario.nobody.get(latest, set())


@pytest.mark.parametrize("step", [1, 2, 3, 4])
@pytest.mark.parametrize("scenario", WORLD, ids=NAMES)
def test_each_shape_gives_its_customers(
    history: dict[int, dict[str, str]], scenario: Scenario, step: int
) -> None:
    held = history[step]
    groups, nobody = expected_at(scenario, step)
    found = [{held.get(record, f"no customer for {record}") for record in group} for group in groups]
    assert [len(customers) for customers in found] == [1] * len(groups), found
    assert len(set().union(*found)) == len(groups), "groups were joined"
    assert all(customer.startswith("c_") for customers in found for customer in customers)
    assert {record for record in nobody if record in held} == set()


def test_no_customer_mixes_scenarios(history: dict[int, dict[str, str]]) -> None:
    for held in history.values():
        owners: dict[str, set[str]] = {}
        for record, customer in held.items():
            name = next(name for name in sorted(NAMES, key=len, reverse=True) if f"{name}-" in record)
            owners.setdefault(customer, set()).add(name)
        assert {customer: names for customer, names in owners.items() if len(names) > 1} == {}


def test_ids_stay_where_nothing_changed(history: dict[int, dict[str, str]]) -> None:
    for before, after in ((1, 2), (2, 3), (3, 4)):
        for scenario in WORLD:
            if expected_at(scenario, before) == expected_at(scenario, after) and after not in scenario.rows:
                for group in expected_at(scenario, after)[0]:
                    for record in group:
                        assert history[after][record] == history[before][record], f"{record}, step {after}"


def test_a_withdrawn_bridge_gives_each_side_its_id_again(
    history: dict[int, dict[str, str]], warehouse: Warehouse
) -> None:
    late = next(scenario for scenario in WORLD if scenario.name == "bridge-that-arrives-late")
    (older,), (younger,) = late.together[1]
    assert history[2][older] == history[1][older] == history[2][younger]
    assert history[4][older] == history[1][older]
    assert history[4][younger] == history[1][younger]
    with db.connect(warehouse.settings) as connection:
        changes = connection.execute(
            "select change, other_id from identity.changes where kind = 'customer' and id = %s order by change_id",
            (history[1][younger],),
        ).fetchall()
    assert changes == [("created", None), ("merged", history[1][older]), ("restored", history[1][older])]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_of_arrival_gives_the_same_people(
    history: dict[int, dict[str, str]], make_warehouse: Callable[[str], Warehouse], seed: int
) -> None:
    """All rows of the first two steps, shuffled, in three deliveries with a build after each."""
    other = make_warehouse(f"scenarios_in_order_{seed}")
    rows = [row for step in (1, 2) for scenario in WORLD for row in scenario.rows.get(step, [])]
    random.Random(seed).shuffle(rows)
    for number in range(3):
        other.deliver({f"delivery{number}": rows[number::3]})
        held = other.build()
    assert partition(held) == partition(history[2])


@pytest.mark.slow
def test_one_build_of_everything_backwards_gives_the_same_people(
    history: dict[int, dict[str, str]], make_warehouse: Callable[[str], Warehouse]
) -> None:
    other = make_warehouse("scenarios_at_once")
    rows = [row for step in (2, 1) for scenario in WORLD for row in scenario.rows.get(step, [])]
    other.deliver({"all": rows[::-1]})
    assert partition(other.build()) == partition(history[2])


def partition(held: dict[str, str]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for record, customer in held.items():
        groups.setdefault(customer, set()).add(record)
    return {frozenset(group) for group in groups.values()}


def test_every_scenario_has_its_story(history: dict[int, dict[str, str]]) -> None:
    text = (package_root() / "SCENARIOS.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == sorted(NAMES)


def test_explain_gives_the_shortest_chain(history: dict[int, dict[str, str]], warehouse: Warehouse) -> None:
    with db.connect(warehouse.settings) as connection:
        found = identity.explain_records(connection, "customers:store:chain-a", "customers:store:chain-c")
        assert found.is_same
        assert [(step.from_record, step.to_record, step.rule) for step in found.steps] == [
            ("customers:store:chain-a", "customers:store:chain-b", "same_email"),
            ("customers:store:chain-b", "customers:store:chain-c", "same_phone"),
        ]
        assert [step.value for step in found.steps] == ["l…@e….fr", "+33 … 01"]
        in_clear = identity.explain_records(
            connection, "customers:store:chain-a", "customers:store:chain-c", in_clear=True
        )
        assert [step.value for step in in_clear.steps] == ["luc@ex2.fr", "+33639980201"]
        chain = identity.explain_records(
            connection, "customers:store:long-chain-00", "customers:store:long-chain-11"
        )
        assert len(chain.steps) == 11
        apart = identity.explain_records(
            connection, "customers:store:family-mailbox-a", "customers:store:family-mailbox-b"
        )
        assert not apart.is_same
        assert [item["identifier_type"] for item in apart.set_aside] == ["email"]


def test_explain_follows_a_retired_id(history: dict[int, dict[str, str]], warehouse: Warehouse) -> None:
    record = "customers:store:simple-a"
    with db.connect(warehouse.settings) as connection:
        found = identity.explain_customer(connection, history[1][record])
        assert found.customers == (history[4][record],)
        assert {step.to_record for step in found.steps} == {"customers:store:simple-b"}


def test_households_link_and_never_merge(history: dict[int, dict[str, str]], warehouse: Warehouse) -> None:
    with db.connect(warehouse.settings) as connection:
        homes = connection.execute(
            "select household_id, customer_id, evidence from marts_build.household_members"
        ).fetchall()
    by_customer = {customer: (home, evidence) for home, customer, evidence in homes}
    marie, paul = (history[4][f"customers:store:family-mailbox-{letter}"] for letter in "ab")
    assert marie != paul
    assert by_customer[marie] == by_customer[paul]
    assert by_customer[marie][1] == "shared_mailbox"
    father, son = (history[4][f"customers:store:father-and-son-{letter}"] for letter in "ab")
    assert by_customer[father][0] == by_customer[son][0]
    assert history[4]["customers:store:simple-a"] not in by_customer


def test_set_aside_links_say_why(history: dict[int, dict[str, str]], warehouse: Warehouse) -> None:
    with db.connect(warehouse.settings) as connection:
        reasons = dict(
            connection.execute(
                """
                select distinct on (record_key) record_key, set_aside_reason
                from marts.identity_links
                where is_set_aside
                order by record_key, set_aside_reason
                """
            ).fetchall()
        )
    wanted = {
        "orders:store:family-mailbox-e": "shared_by_people_of_other_names",
        "calls:phone:desk-telephone-z": "used_by_too_many_people",
        "customers:store:store-telephone-a": "belongs_to_the_company",
        "customers:store:placeholder-a": "bad_value",
        "orders:store:bridge-without-name-c": "joins_different_people",
        "customers:store:namesakes-of-other-mailboxes-a": "contact_points_differ",
    }
    assert {record: reasons.get(record) for record in wanted} == wanted
