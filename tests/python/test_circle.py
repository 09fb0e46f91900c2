"""The whole circle on a simulated world: nothing lost, the same again, people found, permissions closed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable

from cercle import db
from cercle.diff import diff_warehouses
from cercle.identity import evaluate
from cercle.settings import Settings
from projects import World, clone_world, land_next, query, run


def customers_of_records(world: World) -> dict[str, str]:
    return dict(
        query(
            world.settings,
            "select record_key, customer_id from identity.record_customers where known_to = 'infinity'",
        )
    )


def test_every_row_of_every_file_ends_in_one_of_four_states(world: World) -> None:
    """Invariant 1: read = stored + known + rejected + suppressed, to the row and to the cent."""
    planned = {
        entity: (counts["lines"], counts["distinct"], counts["repeats"], counts["dirty"], 0)
        for entity, counts in ((name, found["landing"]) for name, found in world.counts["rows"].items())
    }
    found = {
        entity: tuple(int(count) for count in counts)
        for entity, *counts in world.rows(
            "select source || '/' || entity, sum(read_count), sum(stored_count), sum(known_count),"
            " sum(rejected_count), sum(suppressed_count) from ops.loads group by 1"
        )
    }
    assert found == planned
    [(unbalanced,)] = world.rows(
        "select count(*) from ops.loads"
        " where read_count <> stored_count + known_count + rejected_count + suppressed_count"
    )
    assert unbalanced == 0
    for source, entity, stored in world.rows(
        "select source, entity, sum(stored_count) from ops.loads group by 1, 2"
    ):
        [(in_raw,)] = world.rows(f"select count(*) from raw.{source}__{entity}")
        assert in_raw == stored, f"{source}/{entity}"


def test_every_dirty_row_is_rejected_with_its_reason(world: World) -> None:
    expected = Counter(
        (row["file"], int(row["line"])) for row in world.true_rows("dirty_rows") if row["part"] == "landing"
    )
    found = Counter(
        world.rows("select file_name, line::int from ops.rejected_rows inner join ops.loads using (load_id)")
    )
    assert sum(expected.values()) > 50
    assert found == expected
    reasons = dict(
        world.rows(
            "select file_name || ':' || line, reason_code from ops.rejected_rows inner join ops.loads using (load_id)"
        )
    )
    for row in world.true_rows("dirty_rows"):
        if row["part"] == "landing":
            assert reasons[f"{row['file']}:{row['line']}"] == row["reason"], row


def test_people_are_found(world: World) -> None:
    with db.connect(world.settings) as connection:
        found = evaluate(connection, world.truth)
    assert found.precision >= 0.995, found
    assert found.recall >= 0.80, found


def test_no_row_no_contact(world: World) -> None:
    """Invariant 6: an ALLOW stands on a basis and on evidence, and the planned refusals are denied."""
    [(allowed, without_ground)] = world.rows(
        "select count(*), count(*) filter (where basis is null or rule_id is null)"
        " from marts.contactability where decision = 'ALLOW'"
    )
    assert allowed > 0
    assert without_ground == 0


def test_a_second_run_with_nothing_new_changes_nothing(
    world: World, make_database: Callable[..., Settings]
) -> None:
    """Invariants 2 and 5: the same files again, the same marts, no customer_id changed."""
    again = clone_world(world, make_database)
    before = customers_of_records(again)
    report = run(again.settings, as_of=world.as_of)
    assert report.publication is not None
    assert report.publication.changed_rows == 0
    assert customers_of_records(again) == before


def test_an_increment_gives_the_marts_of_a_full_build(
    world: World, whole_world: World, make_database: Callable[..., Settings]
) -> None:
    """Invariant 2: landed in two deliveries or in one, the same marts; and ids survive the second."""
    in_two = whole_world
    before = customers_of_records(world)
    refreshed = query(in_two.settings, "select is_full_refresh from ops.builds order by build_id")
    assert refreshed[-1] == (False,), "the second delivery was not an increment"
    after = customers_of_records(in_two)
    moved = {key for key in before if after.get(key) != before[key]}
    survivors = dict(
        query(
            in_two.settings,
            "select id, identity.resolve('customer', id) from identity.ids where kind = 'customer'",
        )
    )
    split_off = {key for key in moved if survivors[before[key]] != after.get(key)}
    assert len(split_off) <= 0.01 * len(before), (
        f"{len(split_off)} of {len(before)} records lost their customer"
    )

    full = make_database()
    shutil.copytree(world.settings.project_dir, full.project_dir, symlinks=True)
    at_once = World(full, world.folder, world.as_of)
    shutil.copytree(world.folder / "landing", at_once.settings.landing_dir)
    land_next(at_once)
    run(at_once.settings, as_of=world.as_of)
    difference = diff_warehouses(at_once.settings, at_once.settings.dsn or "", in_two.settings.dsn or "")
    assert difference.is_same, [found for found in difference.relations if not found.is_same]
