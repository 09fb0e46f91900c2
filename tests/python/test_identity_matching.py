"""Scored matching: what Splink says of descriptions of people, whole and bit by bit, and what a run does with it."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cercle import db
from cercle.identity import matching
from cercle.identity.matching.comparisons import LISTS, comparisons
from cercle.identity.matching.scoring import LEVELS, load_model, score_pairs
from conftest import Answer
from projects import World, run

Row = Mapping[str, Any]


def description(name: str, **values: Any) -> dict[str, Any]:
    """A person under a rare name, of whom nothing else is known but what is given."""
    given, family = name.split(" ", 1)
    row: dict[str, Any] = dict.fromkeys(LISTS)
    row |= {"given_name": given, "family_name": family, "formal_names": given}
    row |= {"given_name_rarity": 8, "family_name_rarity": 11, "is_new": True}
    return {"description_key": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {values}")), **row, **values}


def scored(rows: list[dict[str, Any]], least_weight: float = 0.0) -> dict[frozenset[str], Row]:
    """The scores of the pairs, by the keys of both."""
    types = {"given_name_rarity": pa.int32(), "family_name_rarity": pa.int32(), "is_new": pa.bool_()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in rows[0]])
    found = score_pairs(pa.Table.from_pylist(rows, schema=schema), least_weight).to_pylist()
    return {frozenset((row["left_description_key"], row["right_description_key"])): row for row in found}


def score(left: dict[str, Any], right: dict[str, Any]) -> Row | None:
    """The score of one pair; None where it is not even looked at, or too light."""
    return next(iter(scored([left, right]).values()), None)


HOME = {"postcodes": "75011", "cities": "paris", "addresses": "75011 12 rue des lilas"}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("nicolas vaubrisson", "same"),
        ("vaubrisson nicolas", "swapped with the family name"),
        ("nico vaubrisson", "nickname"),
        ("n vaubrisson", "initial"),
        ("nicolas marie vaubrisson", "part of the other"),
        ("nicolsa vaubrisson", "a slip"),
    ],
)
def test_a_person_is_known_again_by_a_name_that_is_spelled_differently(name: str, level: str) -> None:
    given, _, family = name.rpartition(" ")
    other = description(f"{given.replace(' ', '_')} {family}", phones="+33639980001", **HOME)
    other |= {"given_name": given, "formal_names": "nico|nicolas" if given == "nico" else given}
    found = score(description("nicolas vaubrisson", **HOME), other)
    assert found is not None
    assert found["given_name_level"] == level
    assert found["match_weight"] > 18
    assert found["place_level"] == "same address"


def test_the_family_name_may_be_misspelled_or_a_part_of_another() -> None:
    one = description("claire vaubrisson", birth_dates="1980-02-03")
    for family, level in (("vaubrison", "a slip"), ("durand vaubrisson", "part of the other")):
        other = description(f"claire {family}", birth_dates="1980-02-03")
        found = score(one, other)
        assert found is not None
        assert (found["family_name_level"], found["birth_date_level"]) == (level, "same")


def test_a_frequent_name_says_less_than_a_rare_one() -> None:
    rare = score(description("claire vaubrisson"), description("claire vaubrisson", cities="lyon"))
    frequent = {"given_name_rarity": 5, "family_name_rarity": 7}
    common = score(
        description("marie martin", **frequent), description("marie martin", cities="lyon", **frequent)
    )
    assert rare is not None
    assert common is not None
    assert rare["match_weight"] > common["match_weight"] + 6


def test_what_speaks_against_a_pair_weighs_against_it() -> None:
    one = description("claire vaubrisson", birth_dates="1980-02-03", **HOME)
    same = score(
        one, description("claire vaubrisson", birth_dates="1980-02-03", phones="+33639980001", **HOME)
    )
    slip = score(one, description("claire vaubrisson", birth_dates="1980-03-02", **HOME))
    other = score(one, description("claire vaubrisson", birth_dates="1951-11-20", **HOME))
    assert same is not None
    assert slip is not None
    assert other is not None
    assert same["match_weight"] > slip["match_weight"] > other["match_weight"]
    assert (slip["birth_date_level"], other["birth_date_level"]) == ("a slip", "different")


def test_what_is_kept_is_what_would_be_found() -> None:
    """Whatever the order in which descriptions arrive: the scores of the parts are those of the whole."""
    names = (
        "claire vaubrisson",
        "claire vaubrison",
        "clair vaubrisson",
        "vaubrisson claire",
        "paul vaubrisson",
    )
    rows = [
        description(name, **place)
        for name, place in itertools.product(names, (HOME, {"cities": "lyon"}, {"birth_dates": "1980-02-03"}))
    ]
    whole = scored(rows)
    assert len(whole) > 20
    kept: dict[frozenset[str], Row] = {}
    for arrived in range(0, len(rows), 4):
        present = [row | {"is_new": number >= arrived} for number, row in enumerate(rows[: arrived + 4])]
        found = scored(present)
        assert not found.keys() & kept.keys()
        kept |= found
    assert kept == whole


def test_the_model_has_a_weight_for_every_level_of_every_comparison() -> None:
    model = load_model()
    assert [each["output_column_name"] for each in model["comparisons"]] == list(LEVELS)
    for trained, wanted in zip(model["comparisons"], comparisons(), strict=True):
        for level, now in zip(trained["comparison_levels"], wanted["comparison_levels"], strict=True):
            assert level["sql_condition"] == now["sql_condition"], (
                "the model was trained for other conditions"
            )
            if not level.get("is_null_level"):
                assert 0 < level["m_probability"] <= 1
                assert 0 < level["u_probability"] <= 1


def test_a_run_joins_what_is_alike_and_says_why(world: World) -> None:
    joined = world.rows("""
        select evidence, score
        from marts.identity_links
        where rule = 'scored_alike' and not is_set_aside
    """)
    assert joined
    assert all(0.7 < score <= 1 and evidence.startswith("given name ") for evidence, score in joined)


def test_a_steward_sees_what_was_set_aside_the_worst_first(world: World, cli: Callable[..., Answer]) -> None:
    found = cli("identity", "set-aside", "--json", settings=world.settings).json
    assert found
    counts = [(row["customer_count"], row["record_count"]) for row in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0][0] > 1
    worst = found[0]
    [(record_count,)] = world.rows(
        """
        select count(*)
        from marts.identity_links
        where is_set_aside and identifier_type = %s and identifier_key = %s and set_aside_reason = %s
        """,
        worst["identifier_type"],
        worst["identifier_key"],
        worst["reason"],
    )
    assert record_count == worst["record_count"]
    shown = [row["value"] for row in found if row["value"]]
    assert shown
    assert all("…" in value for value in shown)


def test_the_report_shows_weights_and_nobody(
    world: World, cli: Callable[..., Answer], tmp_path: Path
) -> None:
    path = tmp_path / "matching.html"
    assert cli("identity", "matching-report", "--html", str(path), settings=world.settings).exit_code == 0
    page = path.read_text(encoding="utf-8")
    assert page.count("<iframe") == 2
    for (mailboxes,) in world.rows(
        "select emails from intermediate.int_people_compared where emails is not null"
    ):
        assert not any(mailbox in page for mailbox in mailboxes.split("|"))


def test_a_run_with_nothing_new_scores_nothing_and_keeps_the_scores(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own_world.rows("select * from intermediate.int_pairs_scored order by 1, 2")
    assert before

    def refuse(*_: object) -> None:
        raise AssertionError("descriptions were scored although nothing is new")

    monkeypatch.setattr(matching, "deliver_scores", refuse)
    run(own_world.settings, as_of=own_world.as_of)
    assert own_world.rows("select * from intermediate.int_pairs_scored order by 1, 2") == before


def test_scores_come_back_after_an_erasure_and_go_where_matching_is_off(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own_world.rows("select * from intermediate.int_pairs_scored order by 1, 2")
    with db.connect(own_world.settings) as connection:
        connection.execute("truncate intermediate.int_people_scored, intermediate.int_pairs_scored")
    run(own_world.settings, as_of=own_world.as_of)
    assert own_world.rows("select * from intermediate.int_pairs_scored order by 1, 2") == before
    monkeypatch.setattr(matching, "is_matching_on", lambda _: False)
    run(own_world.settings, as_of=own_world.as_of)
    assert own_world.rows("select * from intermediate.int_pairs_scored") == []
    assert own_world.rows("select * from marts.identity_links where rule = 'scored_alike'") == []


def test_an_increment_scores_new_descriptions_alone_and_ends_where_a_full_scoring_does(
    whole_world: World,
) -> None:
    [(first, second)] = whole_world.rows("""
        select
            min(details -> 'scoring' ->> 'new_count') filter (where build_id = 1)::integer,
            min(details -> 'scoring' ->> 'new_count') filter (where build_id > 1)::integer
        from ops.build_steps
        where step = 'intermediate' and details ? 'scoring'
    """)
    assert 0 < second < first / 2
