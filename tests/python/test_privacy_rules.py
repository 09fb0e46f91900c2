"""Rules without a table of their own: the answer clock, tombstones, small cells, the gate, a country as a row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cercle.errors import CercleError
from cercle.privacy.clock import due_date, is_working_day
from cercle.privacy.pseudonyms import PseudonymKey
from cercle.privacy.rendering import render
from cercle.privacy.simulation import simulate
from cercle.privacy.tombstones import TombstoneIndex, spelling_forms

ERASED = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = [PseudonymKey("k1", b"alpha" * 4), PseudonymKey("k2", b"beta" * 4)]


@pytest.mark.parametrize(
    ("received", "extended", "due"),
    [
        ("2026-03-05T10:00:00Z", False, "2026-04-07"),  # 5 April is Easter Sunday, the 6th Easter Monday
        ("2024-01-31T10:00:00Z", False, "2024-02-29"),
        ("2025-01-31T10:00:00Z", False, "2025-02-28"),
        ("2026-11-30T10:00:00Z", True, "2027-03-01"),  # 28 February 2027 is a Sunday
        ("2026-12-31T22:59:59Z", False, "2027-02-01"),  # 31 January 2027 is a Sunday
        ("2026-12-31T23:00:00Z", False, "2027-02-01"),  # already 2027 in Paris
        ("2026-10-11T10:00:00Z", False, "2026-11-12"),  # 11 November
        (
            "2026-11-25T10:00:00Z",
            False,
            "2026-12-28",
        ),  # Christmas is a Friday; the 26th is one in Alsace alone
    ],
)
def test_the_answer_clock(received: str, extended: bool, due: str) -> None:
    assert due_date(datetime.fromisoformat(received), extended).isoformat() == due


def test_the_answer_clock_wants_a_zone_and_gives_working_days() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_date(datetime(2026, 1, 1))
    assert not is_working_day(date(2026, 5, 1))
    assert all(is_working_day(due_date(ERASED + timedelta(days=day))) for day in range(400))


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        (
            "email",
            ["ana@exemple.fr", " Ana@Exemple.FR ", "\u200bana@exemple.fr", "ａｎａ@exemple.fr", "ana @exemple.fr"],
        ),
        (
            "tel",
            ["+33612345678", "06 12 34 56 78", "0033 (0)6 12 34 56 78", "+33 (0) 6.12.34.56.78",
             "０６１２３４５６７８", "33612345678", "612345678", "tel:+33-6-12-34-56-78", "+33 06 12 34 56 78"],
        ),
        ("addr", ["1 rue de la Paix, Paris", "1  RUE de la paix,  Paris "]),
    ],
)  # fmt: skip
def test_a_tombstone_knows_its_value_in_any_spelling_and_after_a_rotation(
    kind: str, spellings: list[str]
) -> None:
    for version in ("k1", "k2"):
        tombstone = {"key_version": version, "kind": kind, "value": spellings[0], "erased_at": ERASED}
        index = TombstoneIndex.of_clear_values(KEYS, [tombstone])
        for spelling in spellings:
            assert index.erased_at(kind, spelling) == ERASED, spelling
        for other in ("bob@exemple.fr", "+33612345679", "2 rue de la Paix, Paris", "", None):
            assert index.erased_at(kind, other) is None, other


def test_a_number_of_another_country_is_another_number() -> None:
    assert spelling_forms("tel", "0612345678", "BE") == ["+32612345678"]
    assert spelling_forms("tel", "0044 20 7946 0000") == ["+442079460000"]


@pytest.mark.parametrize(
    ("after", "is_collected", "is_suppressed"),
    [(1, True, False), (0, True, True), (-1, True, True), (1, False, True), (None, True, True)],
)
def test_only_what_the_person_gave_after_the_erasure_comes_in(
    after: int | None, is_collected: bool, is_suppressed: bool
) -> None:
    tombstone = {"key_version": "k1", "kind": "email", "value": "ana@exemple.fr", "erased_at": ERASED}
    index = TombstoneIndex.of_clear_values(KEYS, [tombstone])
    occurred = None if after is None else ERASED + timedelta(seconds=after)
    identifiers = [("email", "bob@exemple.fr"), ("tel", None), ("email", "ANA@exemple.fr")]
    assert index.is_suppressed(identifiers, occurred, is_collected) is is_suppressed
    assert not index.is_suppressed([("email", "bob@exemple.fr")], None, False)


def test_tombstones_are_read_from_the_database_and_a_lost_secret_is_told(
    connection: psycopg.Connection,
) -> None:
    for key, value in ((KEYS[0], "ana@exemple.fr"), (PseudonymKey("k0", b"lost" * 4), "bob@exemple.fr")):
        connection.execute(
            "insert into privacy.tombstones (key_version, kind, value_key, erased_at) values (%s, 'email', %s, %s)",
            (key.version, key.of("email", value), ERASED),
        )
    index = TombstoneIndex.load(connection, KEYS)
    assert index.erased_at("email", "ana@exemple.fr") == ERASED
    assert index.unknown_versions == {"k0"}
    with pytest.raises(CercleError, match="version 'k9'"):
        TombstoneIndex.of_clear_values(
            KEYS, [{"key_version": "k9", "kind": "email", "value": "", "erased_at": ERASED}]
        )


@pytest.mark.parametrize(
    ("cells", "k", "total", "expected"),
    [
        ({"Lyon": 120, "Lille": 9, "Brest": 14}, 10, True, ["Brest", "Lille"]),
        ({"Lyon": 120, "Lille": 9, "Brest": 14}, 10, False, ["Lille"]),
        ({"a": 3, "b": 20, "c": 20}, 5, True, ["a", "b"]),  # ties by name
        ({"a": 3, "b": 0, "c": 20}, 5, True, ["a", "c"]),  # nothing is no cell to hide behind
        ({"a": 3, "b": 0}, 5, True, ["a"]),
        ({"a": 5, "b": 0}, 5, True, []),
        ({"a": 1, "b": 2, "c": 3, "d": 90}, 5, True, ["a", "b", "c"]),
    ],
)
def test_small_cells(
    connection: psycopg.Connection, cells: dict[str, int], k: int, total: bool, expected: list[str]
) -> None:
    values = ", ".join(f"(1, '{name}', {count}, {k}, {total})" for name, count in cells.items())
    relation = f"(values {values}) as given (table_id, cell_name, cell_count, k, is_total_published)"
    query = f"select cell_name from ({render('suppress_small_cells', relation)}) as hidden order by 1"
    assert [name for (name,) in connection.execute(query)] == expected


@pytest.mark.parametrize(
    ("watermark", "lag", "is_blocked"),
    [
        ("2026-03-01T09:45:00Z", 15, False), ("2026-03-01T09:44:59Z", 15, True), (None, 15, True),
        ("2026-03-01T09:45:00Z", None, False), ("2026-03-01T09:44:59Z", None, True),
    ],
)  # fmt: skip
def test_the_gate_is_shut_on_a_stale_ledger(
    connection: psycopg.Connection, watermark: str | None, lag: int | None, is_blocked: bool
) -> None:
    scenario = _export(ledger_watermark=watermark, max_lag_minutes=lag)
    [check] = simulate(connection, [scenario])
    assert check.answer["result"] == {"blocked": is_blocked, "rows": [] if is_blocked else ["c1"]}


def test_the_gate_decides_as_known_at_its_own_moment(connection: psycopg.Connection) -> None:
    late = {"id": "late", "type": "consent_withdrawn", "source_id": "web:1", "channel": "email"}
    late |= {"occurred_at": "2026-02-20T00:00:00Z", "recorded_at": "2026-03-01T10:00:01Z"}
    scenario = _export(ledger_watermark="2026-03-01T10:00:00Z")
    results = [
        check.answer["result"]["rows"]
        for recorded_at in ("2026-03-01T10:00:01Z", "2026-03-01T10:00:00Z")
        for check in simulate(
            connection, [{**scenario, "events": [*scenario["events"], {**late, "recorded_at": recorded_at}]}]
        )
    ]
    assert results == [["c1"], []]


def _export(**values: Any) -> dict[str, Any]:
    grant = {
        "id": "g",
        "type": "consent_given",
        "source_id": "web:1",
        "contact_point": "email:ana@exemple.fr",
    }
    grant |= {
        "channel": "email",
        "purpose": "direct_marketing",
        "notice": "N",
        "evidence": True,
        "actor": "subject",
    }
    grant |= {"occurred_at": "2026-02-01T09:00:00Z", "recorded_at": "2026-02-01T09:00:00Z"}
    question = {name: grant[name] for name in ("source_id", "contact_point", "channel", "purpose")}
    return {
        "id": "export", "kind": "export", "export_at": "2026-03-01T10:00:00Z", "events": [grant],
        "notices": [{"id": "N", "valid_from": "2025-01-01T00:00:00Z", "covers": [["email", "direct_marketing"]]}],
        "rows": [{"row": "c1", **question}], **values,
    }  # fmt: skip


def test_a_country_is_a_row(connection: psycopg.Connection) -> None:
    """Where every e-mail grant must be confirmed, one that was not is pending, and a sale allows nothing."""
    scenario = _export()
    [grant] = scenario["events"]
    confirmed = {
        **grant, "id": "e2", "source_id": "store:9", "contact_point": "email:b@exemple.fr",
    }  # fmt: skip
    confirmation = {
        **confirmed, "id": "e3", "type": "doi_confirmed", "for": "e2", "occurred_at": "2026-02-02T09:00:00Z",
        "recorded_at": "2026-02-02T09:00:00Z",
    }  # fmt: skip
    sale = {
        "id": "s1", "source_id": "store:7", "contact_point": "email:c@exemple.fr", "controller": "Shop",
        "product_family": "toys", "status": "completed", "collected_from_subject": True, "optout_offered": True,
        "occurred_at": "2026-02-01T09:00:00Z",
    }  # fmt: skip
    moments = {"valid_at": "2026-03-01T00:00:00Z", "known_at": "2026-03-01T00:00:00Z"}
    question = {**scenario["rows"][0], **moments}
    questions = [
        question,
        {**question, **{name: confirmed[name] for name in ("source_id", "contact_point")}},
        {
            **question,
            **{name: sale[name] for name in ("source_id", "contact_point", "controller", "product_family")},
        },
    ]
    world = {
        **scenario, "kind": "effective_state", "events": [grant, confirmed, confirmation], "sales": [sale],
        "queries": [{**asked, "jurisdiction": country} for country in ("FR", "DE", "XX") for asked in questions],
    }  # fmt: skip
    assert [check.answer["reason"] for check in simulate(connection, [world])] == [
        "CONSENT", "CONSENT", "SOFT_OPT_IN",
        "PENDING_DOI", "CONSENT", "NO_BASIS",
        "NO_BASIS", "NO_BASIS", "NO_BASIS",
    ]  # fmt: skip


def test_no_german_call_without_consent_and_the_age_of_its_children(connection: psycopg.Connection) -> None:
    found = connection.execute(
        """
        select channel || ':' || basis, (conditions ->> 'guardian_below_age')::integer
        from privacy.policy_rules
        where jurisdiction = 'DE' and kind = 'basis' and purpose = 'direct_marketing'
            and channel in ('email', 'phone_call')
        order by 1
        """
    ).fetchall()
    assert found == [("email:CONSENT", 16), ("phone_call:CONSENT", 16)]


def test_a_world_that_lacks_a_relation_is_refused() -> None:
    with pytest.raises(CercleError, match=r"world lacks events, links, .*policies"):
        render("decide_contacts", questions="q", world={})
    with pytest.raises(CercleError, match="no macro 'guess'"):
        render("guess")
