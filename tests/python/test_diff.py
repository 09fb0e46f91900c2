"""cercle diff finds one changed cell, and takes other names of the same customers for no difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from cercle import db, flow
from cercle.diff import RelationDiff, diff_warehouses
from cercle.errors import CercleError
from cercle.publish import Column, Mart
from cercle.settings import Settings
from mini_project import a_mart, built, no_identity

MakeDatabase = Callable[..., Settings]
CUSTOMERS = Mart(
    "customers",
    "model.test.customers",
    "",
    (
        Column("customer_id", "text", "", True, entity="customer"),
        Column("city", "text", "", False, ("personal",)),
        Column("amount", "numeric", "", False),
        Column("friends", "text[]", "", False, entity="customer"),
        Column("built_at", "timestamptz", "", False, ("run_metadata",)),
    ),
    ("customer_id",),
)
ORDERS = Mart(
    "orders",
    "model.test.orders",
    "",
    (
        Column("order_id", "text", "", True),
        Column("customer_id", "text", "", False, entity="customer"),
        Column("email", "text", "", False, ("personal",)),
    ),
    ("order_id",),
)
REDIRECTS = a_mart("redirects", [("retired_id", "text")], ("retired_id",), tags=None)
HISTORY = Mart(
    REDIRECTS.relation, REDIRECTS.model_id, "", REDIRECTS.columns, ("retired_id",), tags=("history",)
)

# records -> the customer that they belong to, by name
PEOPLE = {"r1": "anne", "r2": "anne", "r3": "bo", "r4": "cy"}


def warehouse(
    make_database: MakeDatabase,
    ids: dict[str, str],
    people: dict[str, str] = PEOPLE,
    cities: dict[str, str] | None = None,
    amount: str = "1.50",
    orders: str = "values ('o1', '{anne}', 'a@x.fr'), ('o2', '{bo}', 'b@x.fr'), ('o3', null, null)",
    history: str = "values ('x')",
) -> Settings:
    """Publish three customers that are called by these ids."""
    settings = make_database()
    cities = {"anne": "Lyon", "bo": "Nice", "cy": "Brest", **(cities or {})}
    rows = ", ".join(
        f"('{ids[name]}', '{city}', {amount}, array['{ids['bo']}', '{ids['anne']}'], clock_timestamp())"
        for name, city in cities.items()
        if name in people.values()
    )

    def identity(connection: psycopg.Connection, publication_id: int, as_of: object) -> None:
        for name in sorted(set(people.values())):
            connection.execute(
                "insert into identity.ids values ('customer', %s, %s, 0, %s, %s)",
                (ids[name], f"minted from {name}", publication_id, as_of),
            )
        for record, name in people.items():
            connection.execute(
                """
                insert into identity.members (kind, member_key, id, valid_from, known_from, from_publication_id)
                values ('customer', %s, %s, %s, %s, %s)
                """,
                (record, ids[name], as_of, as_of, publication_id),
            )

    build_id = built(settings, {CUSTOMERS: f"values {rows}", ORDERS: orders.format(**ids), HISTORY: history})
    flow.publish(settings, build_id, apply_identity=identity)
    return settings


NAMES = {"anne": "c_1", "bo": "c_2", "cy": "c_3"}
OTHER_NAMES = {"anne": "c_9", "bo": "c_1", "cy": "c_2"}


def differing(left: Settings, right: Settings) -> dict[str, RelationDiff]:
    found = diff_warehouses(left, str(left.dsn), str(right.dsn))
    return {relation.relation: relation for relation in found.relations if not relation.is_same}


def test_other_names_metadata_history_and_trailing_zeros_are_no_difference(
    make_database: MakeDatabase,
) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(make_database, OTHER_NAMES, amount="1.5", history="values ('y'), ('z')")
    found = diff_warehouses(left, str(left.dsn), str(right.dsn))
    assert found.is_same
    assert {relation.relation: relation.left_rows for relation in found.relations} == {
        "identity.members": 4,
        "customers": 3,
        "orders": 3,
    }


def test_one_changed_cell_is_found_and_not_shown(make_database: MakeDatabase) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(make_database, OTHER_NAMES, cities={"bo": "Secretville"})
    found = differing(left, right)
    assert list(found) == ["customers"]
    [example] = found["customers"].examples
    assert (example.kind, example.key, example.columns) == ("differs", {"customer_id": "c_2"}, ("city",))
    assert "Secretville" not in str(found)


def test_a_null_is_not_an_empty_text(make_database: MakeDatabase) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(
        make_database,
        NAMES,
        orders="values ('o1', 'c_1', 'a@x.fr'), ('o2', 'c_2', 'b@x.fr'), ('o3', null, '')",
    )
    [example] = differing(left, right)["orders"].examples
    assert (example.key, example.columns) == ({"order_id": "o3"}, ("email",))


def test_swapped_customers_are_found_though_every_id_exists_on_both_sides(
    make_database: MakeDatabase,
) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(
        make_database,
        NAMES,
        orders="values ('o1', 'c_2', 'a@x.fr'), ('o2', 'c_1', 'b@x.fr'), ('o3', null, null)",
    )
    found = differing(left, right)
    assert {example.key["order_id"]: example.columns for example in found["orders"].examples} == {
        "o1": ("customer_id",),
        "o2": ("customer_id",),
    }


def test_rows_of_one_side_alone_are_counted(make_database: MakeDatabase) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(make_database, NAMES, orders="values ('o1', 'c_1', 'a@x.fr'), ('o4', null, null)")
    found = differing(left, right)["orders"]
    assert (found.only_left, found.only_right, found.changed) == (2, 1, 0)
    assert {(example.kind, example.key["order_id"]) for example in found.examples} == {
        ("only in A", "o2"),
        ("only in A", "o3"),
        ("only in B", "o4"),
    }


def test_a_record_that_belongs_elsewhere_is_found_where_no_mart_shows_it(make_database: MakeDatabase) -> None:
    left = warehouse(make_database, NAMES)
    right = warehouse(make_database, NAMES, people={**PEOPLE, "r2": "bo"})
    found = differing(left, right)
    assert "identity.members" in found
    assert [example.key for example in found["identity.members"].examples] == [
        {"kind": "customer", "member_key": "r2"},
        {"kind": "customer", "member_key": "r3"},
    ]


def test_a_missing_relation_and_another_type_are_differences(make_database: MakeDatabase) -> None:
    left, right = make_database(), make_database()
    for settings, marts in (
        (left, {a_mart(): "values (1, 'a')", a_mart("more", [("id", "int")]): "values (1)"}),
        (right, {a_mart(columns=[("id", "int"), ("value", "text")]): "values (1, 'a')"}),
    ):
        flow.publish(settings, built(settings, marts), apply_identity=no_identity)
    found = differing(left, right)
    assert found["more"].shape == ("B has no marts.more.",)
    assert found["things"].shape == ("Column id is bigint in A and integer in B.",)


@pytest.mark.parametrize("tag", ["run_metadata", "derived"])
def test_a_key_that_cannot_be_compared_makes_rows_a_bag(make_database: MakeDatabase, tag: str) -> None:
    mart = a_mart("bags", [("id", "text"), ("value", "text")], ("id",), tags={"id": (tag,)})
    sides = []
    for query in ("values ('a', 'x'), ('b', 'x'), ('c', 'y')", "values ('1', 'y'), ('2', 'x'), ('3', 'x')"):
        settings = make_database()
        flow.publish(settings, built(settings, {mart: query}), apply_identity=no_identity)
        sides.append(settings)
    assert differing(*sides) == {}
    flow.publish(
        sides[1],
        built(sides[1], {mart: "values ('1', 'y'), ('2', 'y'), ('3', 'x')"}),
        apply_identity=no_identity,
    )
    found = differing(*sides)["bags"]
    assert (found.only_left, found.only_right) == (1, 1)


def test_a_personal_key_is_not_shown(make_database: MakeDatabase) -> None:
    mart = a_mart("addresses", [("email", "text"), ("n", "int")], ("email",), tags={"email": ("personal",)})
    sides = []
    for number in (1, 2):
        settings = make_database()
        flow.publish(
            settings, built(settings, {mart: f"values ('a@x.fr', {number})"}), apply_identity=no_identity
        )
        sides.append(settings)
    assert "a@x.fr" not in str(differing(*sides))


def test_two_secrets_are_noticed(make_database: MakeDatabase) -> None:
    sides = [warehouse(make_database, NAMES) for _ in range(3)]
    for settings, key in zip(sides, ("x", "x", "y"), strict=True):
        with db.connect(settings) as connection:
            connection.execute(
                """
                insert into ops.normalised_values (value_type, original_hash, value_key, library_version)
                values ('email', md5('a')::uuid, %s, '1'), ('city', md5('a')::uuid, null, '1')
                """,
                (key,),
            )
    found = [diff_warehouses(sides[0], str(sides[0].dsn), str(side.dsn)).has_one_secret for side in sides[1:]]
    assert found == [True, False]


def test_a_warehouse_without_a_publication_is_refused(make_database: MakeDatabase) -> None:
    left = warehouse(make_database, NAMES)
    with pytest.raises(CercleError, match="Nothing is published there"):
        diff_warehouses(left, str(left.dsn), str(make_database().dsn))


def test_the_command_takes_names_of_databases_and_says_by_its_exit_code(
    make_database: MakeDatabase, cli: Callable[..., Any]
) -> None:
    left, right = warehouse(make_database, NAMES), warehouse(make_database, OTHER_NAMES)
    other = warehouse(make_database, NAMES, cities={"cy": "Metz"})

    def name(settings: Settings) -> str:
        return db.conninfo(settings)["dbname"]

    same = cli("diff", name(left), name(right), settings=left)
    assert (same.exit_code, same.out) == (0, "The same: 3 relations, 10 rows.\n")
    answer = cli("diff", name(left), name(other), "--json", settings=left)
    assert answer.exit_code == 1
    assert not answer.json["is_same"]
    told = cli("diff", str(left.dsn), str(other.dsn), settings=left)
    assert told.exit_code == 1
    assert "customers: differs: customer_id c_3: city" in told.out
