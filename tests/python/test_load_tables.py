"""Raw tables: made from the contract, widened by a newer one, never changed in silence; and normalised values."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.load import ensure_raw_tables, load_file
from cercle.load.normalise import normalise, value_key
from cercle.settings import Settings
from cercle.sources import all_contracts
from load_support import STORE, line, load_lines, own_source, query, value, write

FIRST = """
- name: tickets
  description: One row per ticket.
  customProperties: [{property: delivery, value: events}]
  properties:
    - {name: ticket, description: Number., logicalType: string, physicalType: text, required: true, primaryKey: true}
    - {name: price, description: What it cost., logicalType: number, physicalType: numeric, required: true}
"""
SECOND = (
    FIRST.replace("numeric, required: true", "numeric")
    + "    - {name: till, description: Where., logicalType: string, physicalType: text, required: true}\n"
)


def test_every_house_table_is_made_once(database: Settings) -> None:
    with db.connect(database) as connection:
        made = ensure_raw_tables(connection, all_contracts())
        assert ensure_raw_tables(connection, all_contracts()) == []
    assert len(made) >= 19
    assert value(database, "select count(*) from ops.raw_relations") == len(made)
    types = """
        select column_name, data_type, is_nullable from information_schema.columns where table_name = 'store__stores'
    """
    columns = {name: (data_type, is_nullable) for name, data_type, is_nullable in query(database, types)}
    assert columns["store_id"] == ("text", "NO")
    assert columns["opened_date"] == ("date", "YES")
    assert columns["_row_hash"] == ("uuid", "NO")
    assert "_replaced_by_load_id" not in columns
    comment = "select obj_description('raw.store__stores'::regclass), col_description('raw.store__stores'::regclass, 1)"
    assert query(database, comment) == [("One row per version of a store.", "Identifier of the store.")]


def test_a_newer_contract_adds_columns_and_changes_no_row(database: Settings, tmp_path: Path) -> None:
    with own_source(tmp_path, FIRST) as source:
        load_file(database, source, write(tmp_path, "a.csv", "T1,1", header="ticket,price"), "tickets")
        before = query(database, "select ticket, _row_hash from raw.till__tickets")
    with own_source(tmp_path, SECOND) as source:
        path = write(tmp_path, "b.csv", "T2,,main", "T3,1,", header="ticket,price,till")
        result = load_file(database, source, path, "tickets")
    assert (result.stored_count, result.reasons) == (1, {"missing_value": 1})
    assert query(database, "select ticket, till from raw.till__tickets order by 1") == [
        ("T1", None),
        ("T2", "main"),
    ]
    assert query(database, "select ticket, _row_hash from raw.till__tickets where ticket = 'T1'") == before
    assert value(database, "select count(distinct contract_sha256) from ops.loads") == 2


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "logicalType: number, physicalType: numeric",
            "logicalType: string, physicalType: text",
            "numeric in the table",
        ),
        (
            "cost., logicalType",
            "cost., primaryKey: true, primaryKeyPosition: 2, logicalType",
            "changes the key",
        ),
    ],
)
def test_a_contract_that_changes_what_is_there_is_refused(
    old: str, new: str, sentence: str, database: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, "a.csv", "T1,1", header="ticket,price")
    with own_source(tmp_path, FIRST) as source:
        load_file(database, source, path, "tickets")
    with own_source(tmp_path, FIRST.replace(old, new)) as source, pytest.raises(CercleError, match=sentence):
        load_file(database, source, write(tmp_path, "b.csv", "T2,1", header="ticket,price"), "tickets")


def test_a_dry_run_leaves_nothing(database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "lines.csv", line("O1"), line("O2", "x"))
    result = load_lines(database, path, is_dry_run=True)
    assert (result.state, result.load_id, result.stored_count, result.rejected_count) == (
        "dry_run",
        None,
        1,
        1,
    )
    for relation in ("ops.loads", "ops.rejected_rows", "ops.raw_relations"):
        assert value(database, f"select count(*) from {relation}") == 0


def test_each_distinct_value_is_normalised_once(database: Settings, tmp_path: Path) -> None:
    header = "customer_ref,updated_at,kind,first_name,email,phone,phone_2"
    rows = [
        "C1,2025-01-01,loyalty,Zoé,Ana@Exemple.fr,06 39 98 00 01,06 39 98 00 02",
        "C2,2025-01-01,loyalty,Zoé,Ana@Exemple.fr,06 39 98 00 02,",
        "C3,2025-01-01,nobody,Max,max@exemple.fr,06 39 98 00 03,",
    ]
    load_file(database, STORE, write(tmp_path, "a.csv", *rows, header=header), "customers")
    found = query(
        database,
        """
        select value_type, region, original_hash::text, normalised, value_key, key_version
        from ops.normalised_values
        order by 1, 4
        """,
    )
    secret = bytes.fromhex("01" * 32)

    def expected(value_type: str, region: str, original: str) -> tuple[object, ...]:
        normalised = normalise(value_type, original, "FR")
        key = (
            value_key(secret, normalised.kind, normalised.key_text)
            if normalised.kind and normalised.key_text
            else None
        )
        digest = hashlib.md5(original.encode()).hexdigest()
        dashed = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
        return (value_type, region, dashed, normalised.value, key, "k1" if key else None)

    # The rejected row's values are not there.
    assert found == [
        expected("email", "", "Ana@Exemple.fr"),
        expected("given_name", "", "Zoé"),
        expected("phone", "FR", "06 39 98 00 01"),
        expected("phone", "FR", "06 39 98 00 02"),
    ]
