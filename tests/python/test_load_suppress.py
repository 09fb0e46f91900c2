"""Tombstones (R12): a row of an erased person stays out in any spelling; what he or she gives later comes in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.load import load_file
from cercle.privacy.pseudonyms import PseudonymKey
from cercle.privacy.tombstones import spelling_forms
from cercle.settings import Settings
from load_support import STORE, check_sums, load_row, query, value, write, write_bytes

ERASED_AT = "2026-03-02T09:00:00Z"
TWO_KEYS = "k1:" + "01" * 32 + ",k2:" + "02" * 32
HEADER = (
    "order_id,updated_at,ordered_at,email,phone,customer_ref,sales_channel,status,total_amount,currency_code,"
    "is_collected_from_subject"
)


def bury(settings: Settings, kind: str, clear: str, version: str = "k1", erased_at: str = ERASED_AT) -> None:
    """Make tombstones of an identifier, as an erasure does."""
    key = {key.version: key for key in PseudonymKey.every(settings)}[version]
    with db.connect(settings) as connection:
        for form in spelling_forms(kind, clear):
            connection.execute(
                "insert into privacy.tombstones (key_version, kind, value_key, erased_at) values (%s, %s, %s, %s)",
                (version, kind, key.of(kind, form), erased_at),
            )


def order(
    number: int,
    email: str = "",
    phone: str = "",
    ref: str = "",
    at: str = "2026-01-15T10:00:00Z",
    collected: str = "true",
    amount: object = 10,
) -> str:
    return f"O{number},2026-06-01,{at},{email},{phone},{ref},web,completed,{amount},EUR,{collected}"


def test_the_rows_of_scenario_54(database: Settings, tmp_path: Path) -> None:
    settings = replace(database, hmac_spec=TWO_KEYS)
    bury(settings, "email", "ana@exemple.fr", "k1")
    bury(settings, "tel", "+33612345678", "k2")
    rows = [
        order(1, email=" Ana@Exemple.FR "),
        order(2, phone="06 12 34 56 78"),
        order(3, phone="0033 (0)6 12 34 56 78", at="2026-02-30T10:00:00Z"),
        order(4, email="ana@exemple.fr", at=ERASED_AT),
        order(5, email="ana@exemple.fr", at="2026-05-01T10:00:00Z"),
        order(6, email="ana@exemple.fr", at="2026-05-01T10:00:00Z", collected="false"),
        order(7, email="bob@exemple.fr", phone="+33 6 12 34 56 78"),
        order(8, email="bob@exemple.fr"),
    ]
    result = load_file(settings, STORE, write(tmp_path, "orders.csv", *rows, header=HEADER), "orders")
    assert query(settings, "select order_id from raw.store__orders order by 1") == [("O5",), ("O8",)]
    assert (result.read_count, result.stored_count, result.suppressed_count) == (8, 2, 6)
    # Row 3 would be rejected for its date: its payload would bring the person back.
    assert result.rejected_count == 0
    suppressed = query(settings, "select line, reason from ops.suppressed_rows order by 1")
    assert [line for line, _ in suppressed] == [2, 3, 4, 5, 7, 8]
    assert load_row(settings, result.load_id)["sums"]["total_amount"] == {
        "read": "80",
        "stored": "20",
        "known": "0",
        "rejected": "0",
        "suppressed": "60",
    }
    check_sums(settings, "raw.store__orders", "total_amount")


def test_nothing_of_an_erased_person_is_normalised(database: Settings, tmp_path: Path) -> None:
    bury(database, "email", "ana@exemple.fr")
    rows = [order(1, email="ANA@exemple.fr", phone="0612345678"), order(2, email="bob@exemple.fr")]
    load_file(database, STORE, write(tmp_path, "orders.csv", *rows, header=HEADER), "orders")
    found = query(database, "select normalised from ops.normalised_values order by 1")
    assert found == [("bob@exemple.fr",)]


@pytest.mark.parametrize(
    ("kind", "clear", "row"),
    [
        ("email", "ana@exemple.fr", order(1, email="ana@exemple.fr")),
        ("email", "ana@exemple.fr", order(1, email="ＡＮＡ@exemple.fr")),
        ("tel", "+33612345678", order(1, phone="+33 (0)6.12.34.56.78")),
        ("ref", "store:C1", order(1, ref="C1")),
    ],
)
def test_every_kind_of_identifier_is_recognised(
    kind: str, clear: str, row: str, database: Settings, tmp_path: Path
) -> None:
    bury(database, kind, clear)
    rows = [row, order(2, email="bob@exemple.fr", phone="0711111111", ref="C2")]
    result = load_file(database, STORE, write(tmp_path, "orders.csv", *rows, header=HEADER), "orders")
    assert (result.suppressed_count, result.stored_count) == (1, 1)


def test_a_broken_row_that_names_an_erased_person_keeps_no_payload(
    database: Settings, tmp_path: Path
) -> None:
    bury(database, "email", "ana@exemple.fr")
    bury(database, "tel", "+33612345678")
    rows = ["O1,ana@exemple.fr", "O2,call 06 12 34 56 78", "O3,bob@exemple.fr", order(4)]
    result = load_file(database, STORE, write(tmp_path, "orders.csv", *rows, header=HEADER), "orders")
    assert (result.stored_count, result.rejected_count, result.suppressed_count) == (1, 1, 2)
    assert query(database, "select payload from ops.rejected_rows") == [("O3,bob@exemple.fr",)]
    assert query(database, "select line from ops.suppressed_rows order by 1") == [(2,), (3,)]


def test_the_source_of_a_reference_counts(database: Settings, tmp_path: Path) -> None:
    bury(database, "ref", "store:C1")
    header = "call_id,started_at,direction,outcome,customer_ref,customer_source"
    rows = [
        "K1,2026-01-01,outbound,answered,C1,store",
        "K2,2026-01-01,outbound,answered,C1,other",
        "K3,2026-04-01,inbound,answered,C1,store",
        "K4,2026-04-01,outbound,answered,C1,store",
    ]
    from cercle.sources import Source, installed_plugins

    phone = Source("phone", installed_plugins()["phone"], "FR", "Europe/Paris")
    load_file(database, phone, write(tmp_path, "calls.csv", *rows, header=header), "calls")
    assert query(database, "select call_id from raw.phone__calls order by 1") == [("K2",), ("K3",)]


def test_an_account_and_a_contact_point_are_recognised(database: Settings, tmp_path: Path) -> None:
    from cercle.sources import Source, installed_plugins

    bury(database, "social", "x:123")
    bury(database, "email", "ana@exemple.fr")
    social = Source("social", installed_plugins()["social"], "FR", "Europe/Paris")
    post = {"platform": "x", "kind": "post", "occurred_at": "2026-01-01"}
    items = [post | {"interaction_id": f"x:{number}", "author_ref": f"x:{122 + number}"} for number in (1, 2)]
    lines = "\n".join(json.dumps(item) for item in items).encode()
    load_file(database, social, write_bytes(tmp_path, "interactions.jsonl", lines), "interactions")
    assert query(database, "select author_ref from raw.social__interactions") == [("x:124",)]
    privacy = Source("privacy", installed_plugins()["privacy"], "FR", "Europe/Paris")
    header = "source_system,event_id,recorded_at,type,contact_point"
    rows = [
        "s,1,2026-01-01,consent_given,email:Ana@exemple.fr",
        "s,2,2026-01-01,consent_given,email:bob@exemple.fr",
    ]
    load_file(
        database, privacy, write(tmp_path, "consent_events.csv", *rows, header=header), "consent_events"
    )
    assert query(database, "select event_id from raw.privacy__consent_events") == [("2",)]


def test_a_lost_version_of_the_secret_stops_the_load(database: Settings, tmp_path: Path) -> None:
    bury(replace(database, hmac_spec=TWO_KEYS), "email", "ana@exemple.fr", "k2")
    path = write(tmp_path, "orders.csv", order(1), header=HEADER)
    with pytest.raises(CercleError, match="version k2 of the secret"):
        load_file(database, STORE, path, "orders")
    assert value(database, "select count(*) from ops.loads") == 0
