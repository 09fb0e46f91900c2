"""Idempotence: the same file again, the same rows in another file, files in any order; and loads that are withdrawn."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from cercle import db
from cercle.errors import CercleError
from cercle.load import set_load_state
from cercle.settings import Settings
from load_support import check_sums, held, line, load_lines, load_row, query, value, write

ROWS = [line("O1", number, amount=f"{number}.25") for number in range(1, 7)]


def change(settings: Settings, load_id: int | None, state: str, is_forced: bool = False) -> None:
    assert load_id is not None
    with db.connect(settings) as connection:
        set_load_state(connection, load_id, state, "a test", "tester", is_forced=is_forced)


def publish(settings: Settings, *load_ids: int | None) -> None:
    """Note the loads as published, as a build would."""
    with db.connect(settings) as connection:
        connection.execute(
            """
            with build as (
                insert into ops.builds (state, as_of, cercle_version) values ('published', now(), 'test')
                returning build_id
            ),
            loads as (
                insert into ops.build_loads select build_id, unnest(%s::bigint[]) from build
            )
            insert into ops.publications (build_id, as_of) select build_id, now() from build
            """,
            (list(load_ids),),
        )


def test_the_same_bytes_are_loaded_once(database: Settings, tmp_path: Path) -> None:
    first = load_lines(database, write(tmp_path, "a.csv", *ROWS))
    again = load_lines(database, write(tmp_path, "renamed.csv", *ROWS))
    assert (first.state, again.state) == ("loaded", "skipped")
    assert again.load_id == first.load_id
    assert held(database) == {first.load_id: 6}


def test_the_same_rows_in_another_file_are_known(database: Settings, tmp_path: Path) -> None:
    first = load_lines(database, write(tmp_path, "a.csv", *ROWS[:4]))
    second = load_lines(database, write(tmp_path, "b.csv", *ROWS[2:]))
    assert (second.stored_count, second.known_count) == (2, 2)
    assert held(database) == {first.load_id: 4, second.load_id: 2}
    assert load_row(database, second.load_id)["sums"]["line_amount"] == {
        "read": "19",
        "stored": "11.5",
        "known": "7.5",
        "rejected": "0",
        "suppressed": "0",
    }
    check_sums(database)


def test_repetitions_within_a_file_are_known(database: Settings, tmp_path: Path) -> None:
    result = load_lines(database, write(tmp_path, "a.csv", *ROWS, *ROWS[:3], ROWS[0]))
    assert (result.stored_count, result.known_count) == (6, 4)
    assert query(database, "select _line from raw.store__order_lines order by 1") == [
        (n,) for n in range(2, 8)
    ]
    assert value(database, "select count(*) from ops.row_sightings") == 0
    check_sums(database)


def test_a_changed_row_is_a_new_version(database: Settings, tmp_path: Path) -> None:
    load_lines(database, write(tmp_path, "a.csv", line("O1", 1, updated_at="2025-01-01T00:00:00Z")))
    second = load_lines(
        database, write(tmp_path, "b.csv", line("O1", 1, 12, updated_at="2025-01-02T00:00:00Z"))
    )
    assert (second.stored_count, second.known_count) == (1, 0)
    assert value(database, "select count(*) from raw.store__order_lines") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"amount": "1.5"}, {"amount": "1.50"}),
        ({"amount": "1.5"}, {"amount": "15e-1"}),
        ({"number": "1"}, {"number": "1.0"}),
        ({"is_return": "false"}, {"is_return": "No"}),
        ({"updated_at": "2025-01-01T10:00:00Z"}, {"updated_at": "2025-01-01 11:00:00+01:00"}),
        ({"updated_at": "2025-01-01T10:00:00Z"}, {"updated_at": "2025-01-01 11:00"}),
    ],
)
def test_another_spelling_of_a_value_is_the_same_row(
    one: dict[str, str], other: dict[str, str], database: Settings, tmp_path: Path
) -> None:
    load_lines(database, write(tmp_path, "a.csv", line(**one)))
    assert load_lines(database, write(tmp_path, "b.csv", line(**other))).known_count == 1


def test_a_new_empty_column_changes_no_row(database: Settings, tmp_path: Path) -> None:
    load_lines(database, write(tmp_path, "a.csv", ROWS[0]))
    header = "product_name,order_id,line_number,updated_at,product_id,quantity,line_amount,currency_code,is_return,new"
    result = load_lines(database, write(tmp_path, "b.csv", f",{ROWS[0]},", header=header))
    assert (result.known_count, result.extra_columns) == (1, ("new",))


def test_unknown_columns_are_kept_and_told(database: Settings, tmp_path: Path) -> None:
    header = "Colour,order_id,line_number,updated_at,product_id,quantity,line_amount,currency_code,is_return"
    result = load_lines(database, write(tmp_path, "a.csv", f"blue,{ROWS[0]}", f",{ROWS[1]}", header=header))
    assert result.extra_columns == ("Colour",)
    assert "Colour" in result.message
    assert load_row(database, result.load_id)["extra_columns"] == ["Colour"]
    assert query(database, "select _extra from raw.store__order_lines order by _line") == [
        ({"Colour": "blue"},),
        (None,),
    ]


def test_files_in_any_order_give_the_same_rows(
    make_database: Callable[..., Settings], tmp_path: Path
) -> None:
    files = [
        write(tmp_path, "a.csv", *ROWS[:3]),
        write(tmp_path, "b.csv", *ROWS[1:5], ROWS[1]),
        write(tmp_path, "c.csv", line("O1", 2, 99, updated_at="2025-04-01"), *ROWS[4:], line("O1", 3, "x")),
    ]
    found = []
    for order in itertools.permutations(files):
        settings = make_database()
        for path in order:
            load_lines(settings, path)
        check_sums(settings)
        found.append(
            query(
                settings,
                "select order_id, line_number, _row_hash from raw.store__order_lines order by 1, 2, 3",
            )
        )
    assert len(found[0]) == 7
    assert all(rows == found[0] for rows in found)


# --- loads that are kept out, released, withdrawn --------------------------------------------------------------


def test_rows_of_a_quarantined_load_pass_to_who_saw_them(database: Settings, tmp_path: Path) -> None:
    first = load_lines(database, write(tmp_path, "a.csv", *ROWS[:4]))
    second = load_lines(database, write(tmp_path, "b.csv", *ROWS[2:]))
    third = load_lines(database, write(tmp_path, "c.csv", *ROWS[3:5]))
    change(database, first.load_id, "quarantined")
    assert held(database) == {first.load_id: 2, second.load_id: 4}
    assert query(database, "select _load_id, _line from raw.store__order_lines where line_number = 3") == [
        (second.load_id, 2)
    ]
    check_sums(database)
    change(database, second.load_id, "withdrawn")
    assert held(database) == {first.load_id: 2, second.load_id: 2, third.load_id: 2}
    check_sums(database)
    change(database, first.load_id, "released")
    # Row 3 lay with the withdrawn load; the released one brought it too. Row 4 stays where it is.
    assert held(database) == {first.load_id: 3, second.load_id: 1, third.load_id: 2}
    check_sums(database)


def test_a_new_load_takes_the_rows_of_a_quarantined_one(database: Settings, tmp_path: Path) -> None:
    first = load_lines(database, write(tmp_path, "a.csv", *ROWS[:4]))
    change(database, first.load_id, "quarantined")
    second = load_lines(database, write(tmp_path, "b.csv", *ROWS[2:], ROWS[2]))
    assert (second.read_count, second.stored_count, second.known_count) == (5, 4, 1)
    assert held(database) == {first.load_id: 2, second.load_id: 4}
    check_sums(database)
    change(database, second.load_id, "withdrawn")
    change(database, first.load_id, "released")
    assert held(database) == {first.load_id: 4, second.load_id: 2}
    check_sums(database)


def test_a_withdrawn_file_may_be_loaded_again(database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", *ROWS)
    first = load_lines(database, path)
    change(database, first.load_id, "withdrawn")
    again = load_lines(database, path)
    assert (again.state, again.stored_count) == ("loaded", 6)
    assert held(database) == {again.load_id: 6}
    check_sums(database)


@pytest.mark.parametrize("state", ["checked", "quarantined", "released"])
def test_the_same_bytes_are_skipped_in_every_living_state(
    state: str, database: Settings, tmp_path: Path
) -> None:
    path = write(tmp_path, "a.csv", *ROWS)
    first = load_lines(database, path)
    if state == "released":
        change(database, first.load_id, "quarantined")
    change(database, first.load_id, state)
    assert load_lines(database, path).state == "skipped"


def test_a_published_load_is_not_withdrawn_from_under_a_later_one(database: Settings, tmp_path: Path) -> None:
    first = load_lines(database, write(tmp_path, "a.csv", *ROWS[:4]))
    change(database, first.load_id, "checked")
    publish(database, first.load_id)
    second = load_lines(database, write(tmp_path, "b.csv", *ROWS[2:]))
    with pytest.raises(CercleError, match=f"loads {second.load_id} brought rows"):
        change(database, first.load_id, "withdrawn")
    assert load_row(database, first.load_id)["state"] == "checked"
    change(database, first.load_id, "withdrawn", is_forced=True)
    assert load_row(database, first.load_id)["state_reason"] == "a test"


@pytest.mark.parametrize(
    ("states", "wanted"),
    [([], "released"), (["checked"], "released"), (["withdrawn"], "checked"), (["quarantined"], "checked")],
)
def test_a_state_that_cannot_follow_is_refused(
    states: list[str], wanted: str, database: Settings, tmp_path: Path
) -> None:
    result = load_lines(database, write(tmp_path, "a.csv", *ROWS))
    for state in states:
        change(database, result.load_id, state)
    with pytest.raises(CercleError, match="can become"):
        change(database, result.load_id, wanted)


def test_a_load_that_does_not_exist_is_refused(database: Settings) -> None:
    with pytest.raises(CercleError, match="no load 99"):
        change(database, 99, "checked")
