"""Requests of persons take effect, access shows what erasure would delete, a new secret loses nobody."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.load.landing import load_landing
from cercle.privacy.access import read_access, write_access
from cercle.privacy.erasure import Order, erase
from cercle.privacy.ledger import first_break
from cercle.privacy.rights import answer_request, enter_request, list_requests
from cercle.privacy.rotation import rotate
from cercle.settings import Settings
from projects import World, run

TWO_KEYS = "k1:" + "01" * 32 + ",k2:" + "02" * 32
NOTE = "Done as asked."


def allowed_by_mail(world: World, place: int = 0) -> tuple[str, str]:
    """A customer with a customer number who may be written to, and the address."""
    rows = world.rows(
        """
        select held.customer_id, min(held.identifier_value)
        from marts.contactability
        inner join marts.customer_identifiers as held
            on contactability.customer_id = held.customer_id
            and contactability.contact_point_key = held.identifier_key
        where contactability.channel = 'email'
            and contactability.purpose = 'direct_marketing'
            and contactability.decision = 'ALLOW'
            and held.identifier_type = 'email'
            and not held.is_shared
            and exists (
                select
                from marts.customer_identifiers as number
                where number.customer_id = held.customer_id and number.identifier_type = 'customer_ref'
            )
        group by held.customer_id
        order by held.customer_id
        offset %s limit 1
        """,
        place,
    )
    return rows[0]


def decided(cli: Callable[..., Any], settings: Settings, customer_id: str, email: str) -> str:
    answer = cli(
        *("privacy", "decide", "--customer", customer_id, "--contact-point", f"email:{email}"),
        *("--channel", "email", "--purpose", "direct_marketing", "--json"),
        settings=settings,
    )
    assert answer.exit_code in (0, 1), answer.err
    return str(answer.json["reason"] if answer.json["decision"] == "DENY" else "ALLOW")


def reasons(world: World, customer_id: str) -> set[str]:
    return {
        reason
        for (reason,) in world.rows(
            "select reason from marts.contactability where customer_id = %s and channel = 'email' "
            "and purpose = 'direct_marketing'",
            customer_id,
        )
    }


def test_answers_take_effect(own_world: World, cli: Callable[..., Any]) -> None:
    """At once, and in the next build; each event of ours is in the chain."""
    world, settings = own_world, own_world.settings
    people = {kind: allowed_by_mail(world, place) for place, kind in enumerate(("restriction", "objection"))}
    denied = {"restriction": "RESTRICTED", "objection": "OBJECTED"}
    for kind, (customer_id, email) in people.items():
        assert decided(cli, settings, customer_id, email) == "ALLOW"
        key = enter_request(settings, customer_id, kind)
        with db.connect(settings) as connection:
            assert key in {row["request_key"] for row in list_requests(connection)}
        answer = cli(
            *("privacy", "requests", "--answer", key, "--outcome", "fulfilled", "--note", NOTE),
            *("--customer", customer_id),
            settings=settings,
        )
        assert answer.exit_code == 0, answer.err
        assert decided(cli, settings, customer_id, email) == denied[kind]
        with pytest.raises(CercleError, match="answered already"):
            answer_request(settings, key, "refused", NOTE, customer_id)
    run(settings, as_of=datetime.now(UTC))
    for kind, (customer_id, email) in people.items():
        assert reasons(world, customer_id) == {denied[kind]}
        assert decided(cli, settings, customer_id, email) == denied[kind]
    with db.connect(settings) as connection:
        assert first_break(connection) is None
        rows = {row["request_key"]: row for row in list_requests(connection, with_closed=True)}
    assert {rows[key]["outcome"] for key in ("cercle:1", "cercle:2")} == {"fulfilled"}
    # Nobody else is denied by it.
    assert decided(cli, settings, *allowed_by_mail(world)) == "ALLOW"


def test_answers_that_cannot_be(parsed_world: World) -> None:
    settings = parsed_world.settings
    (customer_id, _), (other_id, _) = allowed_by_mail(parsed_world), allowed_by_mail(parsed_world, 1)
    key = enter_request(settings, customer_id, "objection", datetime(2026, 10, 5, tzinfo=UTC))
    with pytest.raises(CercleError, match="another customer"):
        answer_request(settings, key, "fulfilled", NOTE, other_id)
    erasure = enter_request(settings, customer_id, "erasure")
    with pytest.raises(CercleError, match="fulfilled by the erasure"):
        answer_request(settings, erasure, "fulfilled", NOTE, customer_id)
    answer_request(settings, key, "extended", NOTE)
    with db.connect(settings) as connection:
        [row] = [row for row in list_requests(connection) if row["request_key"] == key]
    assert (row["is_extended"], str(row["due_date"])) == (True, "2027-01-05")
    proof = erase(settings, Order("Asked for.", customer_id, request_key=erasure))
    assert parsed_world.rows(
        "select outcome from privacy.request_answers where request_key = %s", erasure
    ) == [("fulfilled",)]
    assert parsed_world.rows(
        "select request_key from privacy.erasures where erasure_id = %s", proof.erasure_id
    ) == [(erasure,)]


def test_access_shows_what_erasure_deletes(parsed_world: World, tmp_path: Path) -> None:
    world, settings = parsed_world, parsed_world.settings
    customer_id, email = allowed_by_mail(world)
    with psycopg.connect(settings.dsn or "") as connection:
        connection.execute(
            """
            with left_the_house as (
                insert into privacy.exports (
                    segment, channel, purpose, recipient, exported_at, is_blocked, line_count, allowed_count
                )
                values ('spring', 'email', 'partner_prospecting', 'Partner SA', now(), false, 1, 1)
                returning export_id
            )

            insert into privacy.decisions (
                export_id, line, person_id, contact_point_key, channel, purpose, valid_at, known_at, decision, reason
            )
            select export_id, 1, %s, 'x', 'email', 'partner_prospecting', now(), now(), 'ALLOW', 'CONSENT'
            from left_the_house
            """,
            (customer_id,),
        )
    access = read_access(settings, customer_id)
    folder = tmp_path / "answer"
    paths = write_access(access, folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *paths)] == [0o700, 0o600, 0o600]
    document = json.loads((folder / "access.json").read_text(encoding="utf-8"))
    page = (folder / "access.html").read_text(encoding="utf-8")
    assert email in page
    assert "Vos données personnelles" in page
    assert "Your personal data" in page
    assert [row["recipient"] for row in document["recipients"]] == ["Partner SA"]
    assert document["decisions"]
    assert all(row["source"] for row in document["consent_events"])
    assert all({"source", "file"} <= row.keys() for held in document["delivered"] for row in held["rows"])
    with pytest.raises(CercleError, match="not empty"):
        write_access(access, folder)
    erasure = erase(settings, Order("Asked for.", customer_id), is_dry_run=True)
    deleted = {
        count.relation: count.before
        for count in erasure.relations
        if count.relation.startswith("raw.") and count.action == "deleted"
    }
    assert {holding.relation: len(holding.rows) for holding in access.delivered} == deleted


def test_a_rotation_loses_nobody(own_world: World, cli: Callable[..., Any]) -> None:
    """Decisions stay; an objection of someone who was erased still binds the mailbox, though nobody knows its value."""
    world, customer = own_world, allowed_by_mail(own_world)
    before = reasons(world, customer[0])
    erased_id, email = allowed_by_mail(world, 2)
    key = enter_request(world.settings, erased_id, "objection")
    answer_request(world.settings, key, "fulfilled", NOTE, erased_id)
    erase(world.settings, Order("Asked for.", erased_id))
    settings = replace(world.settings, hmac_spec=TWO_KEYS)
    rotation = rotate(settings)
    assert (rotation.unknown_count, rotation.key_version) == (0, "k2")
    assert rotation.value_count > 500
    assert rotation.orphan_count >= 1
    assert rotate(settings).value_count == 0
    folder = settings.landing_dir / "store" / "orders"
    moment = datetime.now(UTC).isoformat()
    (folder / "back.csv").write_text(
        "order_id,updated_at,ordered_at,email,customer_ref,sales_channel,status,total_amount,currency_code,"
        f"is_collected_from_subject\nBACK1,{moment},{moment},{email},NEW0001,web,completed,10,EUR,true\n"
    )
    [loaded] = load_landing(settings, "store")
    assert (loaded.stored_count, loaded.suppressed_count) == (1, 0)
    run(settings, as_of=datetime.now(UTC))
    [(new_id,)] = world.rows(
        "select customer_id from marts.customer_identifiers where identifier_value = %s", email
    )
    assert new_id != erased_id
    assert reasons(world, new_id) == {"OBJECTED"}
    assert reasons(world, customer[0]) == before
