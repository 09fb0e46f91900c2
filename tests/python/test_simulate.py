"""The simulated world: same bytes for the same seed, rows that conform to the contracts, noise and dirt as promised."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path

import pytest

from cercle.errors import CercleError
from cercle.simulate import WorldConfig
from cercle.simulate.contact_points import BAD_EMAILS
from cercle.simulate.world import simulate
from simulate_support import custom_properties, entities, read_rows

ROOT = Path(__file__).resolve().parents[2]
SAFE_PHONE = re.compile(r"\+33(19900|26191|35301|46571|53649|63998)\d{3,4}")
PLACEHOLDERS = {"0000000000", "9999999999", "1111111111"}
SAFE_DOMAIN = re.compile(r"(^|\.)(example|invalid|test|example\.(com|org|net))$")
STATED = {
    "without_email": 0.15,
    "without_phone": 0.25,
    "name_error": 0.08,
    "identifier_error": 0.04,
    "shared_identifier": 0.10,
    "changed_or_recycled": 0.05,
    "people_without_path": 0.12,
}


def _make(folder: Path, **options: object) -> dict:
    parameters = {"customers": 400, "days": 365, "seed": 11, "out": folder, **options}
    return json.loads(json.dumps(simulate(WorldConfig(**parameters))))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("world")
    return folder, _make(folder)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def rows(world: tuple[Path, dict]) -> dict[str, list[dict]]:
    return read_rows(world[0])


# --- the same world ---


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    world: tuple[Path, dict], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "cercle", "simulate"]
    if not (ROOT / "src/cercle/__main__.py").exists():
        command = [str(Path(sys.executable).with_name("cercle")), "simulate"]
    arguments = ["--customers", "400", "--days", "365", "--seed", "11", "--out", str(tmp_path)]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"}
    subprocess.run([*command, *arguments], check=True, env=environment, capture_output=True)
    assert _hashes(tmp_path) == _hashes(world[0])


def test_another_seed_gives_another_world(world: tuple[Path, dict], tmp_path: Path) -> None:
    _make(tmp_path, seed=12)
    ours, theirs = _hashes(world[0]), _hashes(tmp_path)
    same = {name for name in ours.keys() & theirs.keys() if ours[name] == theirs[name]}
    # Notices, campaigns and stores are the shop's, not people's.
    assert {name.split("/")[2] for name in same if name.startswith("landing")} <= {
        "notices",
        "campaigns",
        "stores",
    }


def test_increment_and_landing_are_the_whole_world(
    world: tuple[Path, dict], rows: dict, tmp_path: Path
) -> None:
    counts = _make(tmp_path, increment_days=4)
    cut = datetime.fromisoformat("2026-10-27T23:00:00+00:00")
    before, after = read_rows(tmp_path), read_rows(tmp_path, "landing_next")
    for name, expected in rows.items():
        both = {_canonical(row) for row in before[name]} | {_canonical(row) for row in after.get(name, [])}
        if name not in {"social/page_daily", "contact/group_bookings"}:
            assert {row.replace("\\n", " ") for row in both} == {
                _canonical(row).replace("\\n", " ") for row in expected
            }, name
    new = counts["rows"]["store/orders"]["landing_next"]["distinct"]
    assert 0.002 < new / counts["rows"]["store/orders"]["landing"]["distinct"] < 0.04
    assert all(datetime.fromisoformat(row["updated_at"]) < cut for row in before["store/orders"])
    fresh = [row for row in after["store/orders"] if datetime.fromisoformat(row["updated_at"]) >= cut]
    assert len(fresh) == new


def _canonical(row: dict) -> str:
    return json.dumps(
        {key: value for key, value in row.items() if value is not None}, default=str, sort_keys=True
    )


# --- what is in the files ---


def test_every_clean_row_conforms_to_its_contract(rows: dict) -> None:
    for name, entity in entities().items():
        for column in entity["properties"]:
            accepted = custom_properties(column).get("acceptedValues")
            for row in rows[name]:
                value = row.get(column["name"])
                if value is None:
                    assert not column.get("required"), (name, column["name"])
                    continue
                assert _is_of_type(value, column["physicalType"]), (name, column["name"], value)
                assert accepted is None or value in accepted, (name, column["name"], value)


_READS = {
    "bigint": lambda value: str(int(str(value))) == str(value) and not isinstance(value, bool),
    "numeric": lambda value: Decimal(str(value)).is_finite(),
    "boolean": lambda value: value in (True, False, "true", "false"),
    "date": lambda value: isinstance(value, date) or bool(date.fromisoformat(value)),
    "timestamptz": lambda value: _instant(value).tzinfo is not None,
    "jsonb": lambda value: isinstance(value, dict | list) or bool(json.loads(value)),
    "text": lambda value: isinstance(value, str) and "\x00" not in value,
}


def _is_of_type(value: object, physical: str) -> bool:
    try:
        return bool(_READS[physical](value))
    except (ValueError, InvalidOperation):
        return False


def _instant(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def test_nothing_happens_after_the_end_of_the_world(rows: dict) -> None:
    end = datetime.fromisoformat("2026-10-31T23:00:00+00:00")
    for name, entity in entities().items():
        custom = custom_properties(entity)
        for column in {custom.get("occurredAtColumn"), custom.get("versionColumn")} - {None}:
            if (name, column) == ("privacy/consent_events", "occurred_at"):
                continue  # faulty clocks are part of the plan there
            for row in rows[name]:
                value = row.get(column)
                instant = (
                    value if isinstance(value, datetime) or value is None else datetime.fromisoformat(value)
                )
                assert instant is None or instant <= end, (name, column, value)


def test_only_numbers_for_fiction_and_reserved_domains(rows: dict) -> None:
    kinds = Counter()
    for name, entity in entities().items():
        for column in entity["properties"]:
            kind = custom_properties(column).get("semanticType")
            if (name, column["name"]) == ("store/stores", "phone"):
                kind = "phone"
            for row in rows[name]:
                value = row.get(column["name"])
                if not value:
                    continue
                if kind == "contact_point":
                    tag, _, value = value.partition(":")
                    tag = {"tel": "phone"}.get(tag, tag)
                else:
                    tag = kind
                if tag == "phone":
                    kinds[tag] += 1
                    digits = re.sub(r"[^\d+]", "", value.replace("(0)", ""))
                    digits = re.sub(r"^(0033|0(?=[1-9]\d{7,8}$))", "+33", digits)
                    assert SAFE_PHONE.fullmatch(digits) or digits in PLACEHOLDERS, (name, value)
                elif tag == "email":
                    kinds[tag] += 1
                    assert SAFE_DOMAIN.search(value.strip().lower().partition("@")[2]), (name, value)
    assert kinds["phone"] > 500
    assert kinds["email"] > 5000


# --- what the truth says ---


def test_counts_are_those_of_the_files(world: tuple[Path, dict], rows: dict) -> None:
    folder, counts = world
    for name, entity in entities().items():
        told = counts["rows"][name]["landing"]
        keys = [column["name"] for column in entity["properties"] if column.get("primaryKey")]
        written = [_canonical(row) for row in rows[name]]
        assert len(written) == told["distinct"] + told["repeats"], name
        assert len(set(written)) == told["distinct"], name
        assert (
            len({tuple(str(row[key]) for key in keys) for row in rows[name]}) == counts["rows"][name]["keys"]
        ), name
    with (folder / "truth/dirty_rows.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == counts["dirty_rows"] > 40


def test_sums_of_money_are_those_of_the_files(world: tuple[Path, dict], rows: dict) -> None:
    seen = {_canonical(row): row for row in rows["store/order_lines"]}.values()
    for currency, told in world[1]["money"]["store/order_lines.line_amount"].items():
        total = sum(
            (Decimal(row["line_amount"]) for row in seen if row["currency_code"] == currency), Decimal(0)
        )
        assert str(total) == told["all_versions"]
    for row in seen:
        discount = Decimal(row["discount_amount"] or 0)
        paid = Decimal(row["quantity"]) * Decimal(row["unit_price_amount"]) - discount
        assert Decimal(row["line_amount"]) == paid or row["is_return"] == "true"
        assert (Decimal(row["line_amount"]) < 0) == (row["is_return"] == "true")
    newest: dict[str, dict] = {}
    for row in rows["store/orders"]:
        known = newest.get(row["order_id"])
        if known is None or datetime.fromisoformat(row["updated_at"]) > datetime.fromisoformat(
            known["updated_at"]
        ):
            newest[row["order_id"]] = row
    lines: Counter[str] = Counter()
    for row in seen:
        lines[row["order_id"]] += Decimal(row["line_amount"])
    assert all(Decimal(row["total_amount"]) == lines[order] for order, row in newest.items())
    assert {row["currency_code"] for row in newest.values()} == {"EUR", "CHF"}


def test_record_people_covers_every_record_that_shows_an_identifier(
    world: tuple[Path, dict], rows: dict
) -> None:
    folder, counts = world
    with (folder / "truth/record_people.csv").open(encoding="utf-8") as file:
        people = {row["record_key"]: row for row in csv.DictReader(file)}
    assert len(people) == sum(entry["with_person"] for entry in counts["rows"].values())
    shown = {"email", "phone", "customer_ref", "loyalty_id", "account_ref", "handle", "contact_point"}
    for name, entity in entities().items():
        source, kind = name.split("/")
        keys = [column["name"] for column in entity["properties"] if column.get("primaryKey")]
        marks = [
            column["name"]
            for column in entity["properties"]
            if custom_properties(column).get("semanticType") in shown
        ]
        for row in rows[name]:
            key = ":".join([kind, source, *(str(row[part]) for part in keys)])
            if (
                any(row.get(mark) for mark in marks)
                and not row.get("is_brand_account")
                and not row.get("is_from_brand")
            ):
                assert key in people, key
    profiles = {key.split(":")[0] for key, row in people.items() if row["is_profile"] == "true"}
    assert profiles == {"customers", "accounts", "contacts", "callbacks", "group_bookings"}


@pytest.mark.parametrize("noise", [1, 2])
def test_noise_is_at_least_what_was_stated(tmp_path: Path, noise: int) -> None:
    realised = _make(tmp_path, customers=2000, noise=noise, seed=3)["noise"]
    for name, share in STATED.items():
        assert realised[name] >= share * noise, (name, realised[name])


def test_without_noise_there_is_little_left(tmp_path: Path) -> None:
    realised = _make(tmp_path, noise=0)["noise"]
    assert realised["name_error"] == realised["identifier_error"] == realised["changed_or_recycled"] == 0


def test_told_noise_can_be_counted_in_the_files(world: tuple[Path, dict], rows: dict) -> None:
    """A second count, from the files and with an own reading of numbers and mailboxes."""
    folder, counts = world
    with (folder / "truth/record_people.csv").open(encoding="utf-8") as file:
        truth = {row["record_key"]: row for row in csv.DictReader(file)}
    shown = _identifiers(rows)
    profiles = {key: shown.get(key, set()) for key, row in truth.items() if row["is_profile"] == "true"}
    told, total = counts["noise"], len(profiles)
    assert told["profile_records"] == total
    for name, kind in (("without_email", "email"), ("without_phone", "phone")):
        without = sum(all(mark[0] != kind for mark in marks) for marks in profiles.values())
        assert without / total == pytest.approx(told[name], abs=1e-4)
    owners: dict[tuple[str, str], set[str]] = {}
    for key, marks in profiles.items():
        for mark in marks:
            owners.setdefault(mark, set()).add(truth[key]["person_id"])
    sharing = sum(any(len(owners[mark]) > 1 for mark in marks) for marks in profiles.values())
    assert sharing / total == pytest.approx(told["shared_identifier"], abs=1e-4)
    parts = _parts_of_people(truth, shown)
    pieces: dict[str, set[str]] = {}
    for key in profiles:
        pieces.setdefault(truth[key]["person_id"], set()).add(parts[key])
    split = sum(len(part) > 1 for part in pieces.values())
    assert split / counts["people"]["persons"] == pytest.approx(told["people_without_path"], abs=1e-4)


def _identifiers(rows: dict) -> dict[str, set[tuple[str, str]]]:
    """Record key of the newest version -> (kind, value) that it shows."""
    found: dict[str, tuple[str, set[tuple[str, str]]]] = {}
    for name, entity in entities().items():
        source, kind = name.split("/")
        keys = [column["name"] for column in entity["properties"] if column.get("primaryKey")]
        version = custom_properties(entity).get("versionColumn")
        types = {
            column["name"]: custom_properties(column).get("semanticType") for column in entity["properties"]
        }
        for row in rows[name]:
            key = ":".join([kind, source, *(str(row[part]) for part in keys)])
            at = str(_instant(row[version])) if version else ""
            marks = {_mark(types[column], str(value)) for column, value in row.items() if value is not None}
            marks -= {None}
            if key not in found or found[key][0] < at:
                found[key] = (at, marks)
    return {key: marks for key, (_, marks) in found.items()}


def _mark(kind: str | None, value: str) -> tuple[str, str] | None:
    if kind == "contact_point":
        tag, _, value = value.partition(":")
        kind = {"tel": "phone", "email": "email"}.get(tag)
    if kind == "email":
        return kind, value.strip().lower()
    if kind == "phone":
        digits = re.sub(r"[^\d+]", "", value.replace("(0)", ""))
        return kind, re.sub(r"^(0033|0(?=[1-9]\d{7,8}$))", "+33", digits)
    return (kind, value) if kind in {"customer_ref", "loyalty_id", "account_ref"} else None


def _parts_of_people(truth: dict, shown: dict[str, set[tuple[str, str]]]) -> dict[str, str]:
    """Label each record: the same label where equal identifiers of the same person join two, by union-find."""
    parent: dict[object, object] = {}

    def root(node: object) -> object:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for key, row in truth.items():
        for kind, value in shown.get(key, ()):
            is_nobodys = value in PLACEHOLDERS or value.startswith(("+33199000", "info@"))
            is_nobodys |= value.endswith(("@maison-claire.example", "@atelier-nord.example"))
            if not is_nobodys and value not in BAD_EMAILS:
                parent[root(key)] = root((row["person_id"], kind, value))
        root(key)
    return {key: str(root(key)) for key in truth}


def test_conversations_and_dirty_rows_name_rows_that_exist(world: tuple[Path, dict]) -> None:
    folder, _ = world
    with (folder / "truth/record_people.csv").open(encoding="utf-8") as file:
        known = {row["record_key"]: row["person_id"] for row in csv.DictReader(file)}
    with (folder / "truth/conversations.csv").open(encoding="utf-8") as file:
        conversations = list(csv.DictReader(file))
    assert {row["outcome"] for row in conversations} == {"on_time", "late", "never"}
    for row in conversations:
        assert known[row["opening_record_key"]] == row["person_id"]
    assert sum(" " in row["channels"] for row in conversations) > len(conversations) / 10


def test_a_wrong_size_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CercleError) as error:
        WorldConfig(customers=3, days=365, seed=1, out=tmp_path)
    assert "--customers" in str(error.value)


def test_two_worlds_do_not_share_a_folder(world: tuple[Path, dict]) -> None:
    before = _hashes(world[0])
    with pytest.raises(CercleError, match="another world"):
        _make(world[0], seed=99)
    assert _hashes(world[0]) == before


def test_files_stay_few(world: tuple[Path, dict]) -> None:
    assert 19 <= world[1]["files"]["landing"] <= 80
    suffixes = {"".join(path.suffixes) for path in (world[0] / "landing").rglob("*.*")}
    assert {".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".parquet"} <= suffixes
