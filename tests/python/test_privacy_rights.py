"""Erasure: nothing of the person is left, nothing of others is touched, no old file brings anybody back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cercle import db
from cercle.diff import diff_warehouses
from cercle.errors import CercleError
from cercle.load.landing import load_landing
from cercle.privacy.erasure import Order, erase
from cercle.privacy.erasure_catalog import read_catalogue
from cercle.privacy.ledger import first_break
from cercle.privacy.purge import purge
from cercle.privacy.verify import Found, Needle, read_needles, search_database, search_dump
from cercle.settings import Settings
from cercle.sources import all_contracts
from projects import World, clone_world, deliver_again, land_next, run

TWO_KEYS = "k1:" + "01" * 32 + ",k2:" + "02" * 32
REASON = "Asked for by letter."
# Relations of which each row is one customer's: those of others must not change by one byte.
OF_CUSTOMERS = (
    "customer_360",
    "customer_identifiers",
    "customer_attributes",
    "customer_value",
    "customer_segments",
    "contactability",
    "orders",
    "order_lines",
    "channel_preferences",
)


def someone(world: World, place: int = 0) -> str:
    """A customer with an own mailbox, an own telephone and orders; those with the most records first."""
    rows = world.rows(
        """
        select customer_id
        from marts.customer_360
        where order_count > 1
            and (
                select count(distinct identifier_type)
                from marts.customer_identifiers as held
                where held.customer_id = customer_360.customer_id
                    and not is_shared and identifier_type in ('email', 'phone', 'customer_ref')
            ) = 3
        order by record_count desc, customer_id
        offset %s limit 1
        """,
        place,
    )
    return str(rows[0][0])


def referrer(world: World) -> str:
    """As `someone`, whom the record of somebody else names as the one who referred."""
    numbers = {f"store:{row[0]}" for row in world.rows("select referred_by_ref from raw.store__customers")}
    for place in range(200):
        customer_id = someone(world, place)
        held = world.rows(
            "select identifier_value from marts.customer_identifiers where customer_id = %s", customer_id
        )
        if numbers & {row[0] for row in held}:
            return customer_id
    raise AssertionError("nobody referred anybody")


def clear_values(world: World, customer_id: str) -> list[str]:
    """What a data-protection officer would search for: mailboxes, numbers, customer and card numbers."""
    prefix = {"email": "email:", "phone": "tel:"}
    return [
        f"{prefix[kind]}{value}" if kind in prefix else value.rpartition(":")[2]
        for kind, value in world.rows(
            "select identifier_type, identifier_value from marts.customer_identifiers where customer_id = %s "
            "and not is_shared and identifier_type in ('email', 'phone', 'customer_ref', 'loyalty_id')",
            customer_id,
        )
    ]


def search(settings: Settings, needles: list[Needle]) -> list[Found]:
    return [*search_database(settings, needles), *search_dump(settings, needles)]


def rows_of_others(world: World, customer_id: str) -> dict[str, str]:
    """One hash per relation over the rows of all other customers."""
    return {
        relation: world.rows(
            f"select md5(string_agg(row_text, chr(10) order by row_text)) from "
            f"(select mart::text as row_text from marts.{relation} as mart where customer_id <> %s) as others",
            customer_id,
        )[0][0]
        for relation in OF_CUSTOMERS
    }


def test_nobody_comes_back(own_world: World, make_database: Callable[..., Settings]) -> None:
    """The story of docs/rights.md from end to end."""
    world, customer_id = own_world, referrer(own_world)
    settings = world.settings
    values = clear_values(world, customer_id)
    needles = read_needles(values)
    assert len(needles) >= 3
    assert {hit.line for hit in search(settings, needles)} == {needle.line for needle in needles}
    expected = {
        "raw.store__orders": "select count(*) from raw.store__orders where 'store:' || order_id in "
        "(select order_id from marts.orders where customer_id = %s)",
        "raw.store__order_lines": "select count(*) from marts.order_lines where customer_id = %s",
        "marts.order_lines": "select count(*) from marts.order_lines where customer_id = %s",
        "marts.customer_360": "select count(*) from marts.customer_360 where customer_id = %s",
        "identity.members": "select count(*) from identity.members as own where kind = 'customer' and id = %s",
    }
    before = {relation: world.rows(text, customer_id)[0][0] for relation, text in expected.items()}
    others = rows_of_others(world, customer_id)
    amounts = world.rows("select sum((sums -> 'total_amount' ->> 'read')::numeric) from ops.loads")

    erasure = erase(settings, Order(REASON, customer_id))

    assert search(settings, needles) == []
    proved = dict(
        world.rows(
            "select relation, rows_before from privacy.erasure_relations where erasure_id = %s and action = 'deleted'",
            erasure.erasure_id,
        )
    )
    members = before.pop("identity.members")
    assert {relation: proved[relation] for relation in before} == before
    assert proved["identity.members"] >= members > 10
    assert rows_of_others(world, customer_id) == others
    # Every row that was read is still in one of the four states, with its amount.
    assert_balanced(world)
    assert world.rows("select sum((sums -> 'total_amount' ->> 'read')::numeric) from ops.loads") == amounts
    [(lines, text)] = world.rows(
        "select count(*), string_agg(content::text, ' ') from archive.accounting_rows"
    )
    assert (
        lines == erasure.archived_row_count == before["raw.store__orders"] + before["raw.store__order_lines"]
    )
    assert not any(value.partition(":")[2] and value.partition(":")[2] in text for value in values)
    with db.connect(settings) as connection:
        assert first_break(connection) is None

    purge(settings)
    held = raw_counts(world)
    deliver_again(world.settings.landing_dir, values)
    assert {result.state for result in load_landing(settings)} == {"loaded"}
    assert raw_counts(world) == held
    land_next(world)
    run(settings, as_of=world.as_of)
    assert search(settings, needles) == []
    assert_balanced(world)
    assert world.rows("select count(*) from marts.customer_360 where customer_id = %s", customer_id) == [(0,)]

    full = clone_world(world, make_database)
    run(full.settings, as_of=world.as_of, full_refresh=True)
    difference = diff_warehouses(settings, settings.dsn or "", full.settings.dsn or "")
    assert difference.is_same, [item for item in difference.relations if not item.is_same]


def raw_counts(world: World) -> dict[str, int]:
    relations = world.rows("select distinct 'raw.' || plugin || '__' || entity from ops.loads")
    return {relation: world.rows(f"select count(*) from {relation}")[0][0] for (relation,) in relations}


def assert_balanced(world: World) -> None:
    [(unbalanced,)] = world.rows(
        "select count(*) from ops.loads "
        "where read_count <> stored_count + known_count + rejected_count + suppressed_count"
    )
    assert unbalanced == 0
    for source, entity, stored in world.rows(
        "select source, entity, sum(stored_count) from ops.loads group by 1, 2"
    ):
        assert world.rows(f"select count(*) from raw.{source}__{entity}") == [(stored,)], f"{source}/{entity}"


def test_what_no_build_has_linked_yet_goes_too(parsed_world: World, tmp_path: Path) -> None:
    """Rows that were loaded since the last build, a rejected row that quotes the person; and the key is rotated."""
    world, customer_id = parsed_world, someone(parsed_world, 1)
    settings = world.settings
    values = clear_values(world, customer_id)
    email = next(value.partition(":")[2] for value in values if value.startswith("email:"))
    header = "order_id,updated_at,ordered_at,email,sales_channel,status,total_amount,currency_code"
    folder = settings.landing_dir / "store" / "orders"
    (folder / "new.csv").write_text(
        f"{header}\nNEW1,2026-01-02,2026-01-02, {email.upper()},web,completed,10,EUR\n"
        f"NEW2,2026-01-02,never,{email},web,completed,10,EUR\nNEW3,2026-01-02,2026-01-02,{email}\n"
    )
    load_landing(settings, "store")
    needles = read_needles(values)
    assert {"raw.store__orders", "ops.rejected_rows"} <= {
        hit.relation for hit in search_database(settings, needles)
    }

    erase(settings, Order(REASON, customer_id))
    assert search(settings, needles) == []

    rotated = replace(settings, hmac_spec=TWO_KEYS)
    (folder / "late.csv").write_text(
        f"{header}\nNEW4,2026-01-02,2026-01-02,{email.title()},web,completed,10,EUR\n"
        f"NEW5,2026-01-02,never,{email},web,completed,10,EUR\nNEW6,2026-01-02,2026-01-02,{email}\n"
    )
    load_landing(rotated, "store")
    assert search(rotated, needles) == []
    assert world.rows(
        "select suppressed_count, stored_count from ops.loads where file_name like '%%late.csv'"
    ) == [(3, 0)]


def test_several_people_of_one_home(parsed_world: World) -> None:
    """A shared telephone stays with the other: nobody is erased by it, and it keeps no row of the other out."""
    world = parsed_world
    [(value, customer_id, other_id)] = world.rows(
        """
        select identifier_value, min(customer_id), max(customer_id)
        from marts.customer_identifiers
        where identifier_type = 'phone' and is_shared
        group by identifier_value
        having count(distinct customer_id) = 2
        order by identifier_value
        limit 1
        """
    )
    with pytest.raises(CercleError, match="2 customers use this contact point together"):
        erase(world.settings, Order(REASON, contact_point=f"tel:{value}"))
    others = rows_of_others(world, customer_id)
    erasure = erase(world.settings, Order(REASON, customer_id))
    assert erasure.shared_identifier_count >= 1
    assert rows_of_others(world, customer_id) == others
    before = raw_counts(world)
    deliver_again(world.settings.landing_dir)
    load_landing(world.settings)
    assert raw_counts(world) == before
    assert world.rows(
        "select count(*) from marts.customer_identifiers where identifier_value = %s and customer_id = %s",
        value,
        other_id,
    ) == [(1,)]


def test_a_dry_run_changes_nothing(parsed_world: World) -> None:
    world, customer_id = parsed_world, someone(parsed_world)
    others = rows_of_others(world, "nobody")
    erasure = erase(world.settings, Order(REASON, customer_id), is_dry_run=True)
    assert erasure.erasure_id is None
    assert len(erasure.relations) > 20
    assert rows_of_others(world, "nobody") == others
    for relation in ("erasures", "tombstones", "erasure_relations"):
        assert world.rows(f"select count(*) from privacy.{relation}") == [(0,)]


def test_it_fails_closed(parsed_world: World) -> None:
    """A table that nobody declared stops it; so does a row that is left. Nothing is changed in either case."""
    world, customer_id = parsed_world, someone(parsed_world)
    others = rows_of_others(world, "nobody")
    with psycopg.connect(world.settings.dsn or "", autocommit=True) as connection:
        connection.execute(
            "create table intermediate.copy_of_mine as select * from marts.customer_identifiers"
        )
        with pytest.raises(CercleError, match=r"intermediate\.copy_of_mine"):
            erase(world.settings, Order(REASON, customer_id))
        connection.execute("drop table intermediate.copy_of_mine")
        connection.execute(
            "create function keep() returns trigger language plpgsql as $$ begin return null; end $$;"
            "create trigger keep before delete on marts.customer_attributes for each row execute function keep()"
        )
    with pytest.raises(CercleError, match="rows of the person are left"):
        erase(world.settings, Order(REASON, customer_id))
    assert rows_of_others(world, "nobody") == others
    assert world.rows("select count(*) from privacy.tombstones") == [(0,)]


def node(schema: str, name: str, tags: list[str], materialized: str = "table") -> dict[str, Any]:
    return {
        "schema": schema,
        "name": name,
        "resource_type": "model",
        "config": {"materialized": materialized},
        "columns": {"value": {"config": {"tags": tags}}},
    }


def test_a_tagged_column_without_an_owner_is_refused(connection: psycopg.Connection) -> None:
    entities = [entity for contract in all_contracts() for entity in contract.entities]
    connection.execute("create schema analytics")
    connection.execute("create table analytics.own (customer_id text, value text)")
    connection.execute("create table analytics.open (value text)")
    connection.execute("create table intermediate.whole (value text)")
    connection.execute("create table intermediate.kept (value text)")
    nodes = {
        "own": node("analytics", "own", ["personal"]),
        "open": node("analytics", "open", []),
        "whole": node("intermediate", "whole", ["personal"]),
        "kept": node("intermediate", "kept", [], "incremental"),
    }
    found = read_catalogue(connection, entities, {"nodes": nodes})
    assert [target.relation for target in found.targets] == ["analytics.own"]
    assert found.emptied == ("ops.changed_keys", "intermediate.whole")
    for name in ("open", "kept"):
        nodes[name]["columns"]["value"]["config"]["tags"] = ["personal"]
        with pytest.raises(CercleError, match=nodes[name]["schema"] + "." + name):
            read_catalogue(connection, entities, {"nodes": nodes})
        nodes[name]["columns"]["value"]["config"]["tags"] = []


def test_the_command(parsed_world: World, cli: Callable[..., Any], tmp_path: Path) -> None:
    world, customer_id = parsed_world, someone(parsed_world, 2)
    values = clear_values(world, customer_id)
    listed = tmp_path / "values.txt"
    listed.write_text("\n".join(["# values", *values]))
    answer = cli("privacy", "verify", str(listed), "--json", settings=world.settings)
    assert answer.exit_code == 1
    assert not any(value.partition(":")[2] in answer.out for value in values if ":" in value)
    answer = cli(
        *(
            "privacy",
            "erase",
            "--customer",
            customer_id,
            "--reason",
            REASON,
            "--files",
            "delete",
            "--rewrite",
        ),
        "--json",
        settings=world.settings,
    )
    assert answer.exit_code == 0, answer.err
    report = json.loads(answer.out)
    deleted = [file for file in report["files"] if file["outcome"] == "deleted"]
    assert deleted
    assert not any((world.settings.landing_dir / file["path"]).exists() for file in deleted)
    assert {item["relation"] for item in report["rewrites"]} >= {"raw.store__orders", "marts.orders"}
    answer = cli("privacy", "verify", str(listed), "--dump", settings=world.settings)
    assert (answer.exit_code, "found nowhere" in answer.out) == (0, True)
