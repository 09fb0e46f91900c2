"""A build fixes its loads and its moment, knows when an increment would not do, and takes the place of a dead one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cercle import builds, db, flow
from cercle.build_lock import BUILD_LOCK, build_lock
from cercle.errors import EXIT_LOCKED, CercleError
from cercle.settings import Settings
from mini_project import AS_OF, a_mart, built, deliver, make_warehouse, no_identity


@pytest.fixture
def warehouse(database: Settings) -> Settings:
    make_warehouse(database)
    return database


def start(settings: Settings, **options: object) -> builds.Build:
    return builds.start_build(settings, AS_OF, wait_seconds=0.3, **options)


def publish(settings: Settings, build_id: int) -> None:
    """Publish a build of one mart, without dbt."""
    with db.connect(settings) as connection:
        connection.execute("delete from ops.builds where build_id = %s", (build_id,))
        loads = connection.execute(
            "select count(*) from ops.loads where state in ('checked', 'released')"
        ).fetchone()
    again = built(settings, {a_mart(): "values (1, 'a')"})
    with db.connect(settings) as connection:
        assert (
            connection.execute(
                "select count(*) from ops.build_loads where build_id = %s", (again,)
            ).fetchone()
            == loads
        )
    flow.publish(settings, again, apply_identity=no_identity)


def change_state(settings: Settings, load_id: int, state: str) -> None:
    with db.connect(settings) as connection:
        connection.execute("update ops.loads set state = %s where load_id = %s", (state, load_id))


def states(settings: Settings) -> list[str]:
    with db.connect(settings) as connection:
        return [row[0] for row in connection.execute("select state from ops.builds order by build_id")]


def test_a_build_reads_checked_and_released_loads_alone_and_later_ones_not(warehouse: Settings) -> None:
    wanted = [deliver(warehouse, [], state) for state in ("checked", "released")]
    for state in ("loaded", "quarantined", "withdrawn", "refused"):
        deliver(warehouse, [], state)
    build = start(warehouse)
    deliver(warehouse, [], "checked")
    with db.connect(warehouse) as connection:
        admitted = connection.execute("select load_id from ops.admitted_loads order by load_id").fetchall()
        as_of = connection.execute("select ops.as_of()").fetchone()
    assert [row[0] for row in admitted] == wanted
    assert (build.load_count, build.new_load_count, build.is_full_refresh) == (2, 2, False)
    assert as_of == (AS_OF,)


def test_now_is_the_start_of_the_build_unless_it_is_given(warehouse: Settings) -> None:
    before = datetime.now(UTC)
    build = builds.start_build(warehouse)
    assert before <= build.as_of <= datetime.now(UTC)
    with pytest.raises(CercleError, match="time zone"):
        builds.start_build(warehouse, datetime(2025, 1, 1))


def test_new_loads_are_those_that_the_last_publication_had_not_even_after_a_failed_build(
    warehouse: Settings,
) -> None:
    deliver(warehouse, [])
    publish(warehouse, start(warehouse).build_id)
    late = deliver(warehouse, [], "quarantined")
    new = deliver(warehouse, [])
    assert start(warehouse).new_load_count == 1
    change_state(warehouse, late, "released")
    build = start(warehouse)
    assert (build.new_load_count, build.is_full_refresh) == (2, False)
    with db.connect(warehouse) as connection:
        assert connection.execute("select load_id from ops.new_loads order by 1").fetchall() == [
            (late,),
            (new,),
        ]


def test_a_load_that_is_withdrawn_makes_a_full_refresh_until_one_is_published(warehouse: Settings) -> None:
    kept, withdrawn = deliver(warehouse, []), deliver(warehouse, [])
    publish(warehouse, start(warehouse).build_id)
    change_state(warehouse, withdrawn, "withdrawn")
    for _ in range(2):  # the first of them dies
        build = start(warehouse)
        assert build.is_full_refresh
        assert build.full_refresh_reason == "1 loads that an earlier build read are no longer admitted."
    publish(warehouse, build.build_id)
    assert not start(warehouse).is_full_refresh
    assert kept


def test_a_load_that_only_a_failed_build_had_makes_a_full_refresh_too(warehouse: Settings) -> None:
    publish(warehouse, start(warehouse).build_id)
    load_id = deliver(warehouse, [])
    builds.fail_build(warehouse, start(warehouse).build_id, "a test")
    change_state(warehouse, load_id, "quarantined")
    assert start(warehouse).is_full_refresh


def test_changed_code_makes_a_full_refresh(warehouse: Settings) -> None:
    publish(warehouse, start(warehouse).build_id)
    assert not start(warehouse).is_full_refresh
    model = warehouse.project_dir / "models" / "marts" / "orders.sql"
    model.write_text(model.read_text() + "-- changed\n")
    assert start(warehouse).full_refresh_reason == "The dbt project has changed since the last publication."
    assert not start(warehouse, full_refresh=False).is_full_refresh


def test_a_load_that_replaces_rows_makes_a_full_refresh(warehouse: Settings) -> None:
    deliver(warehouse, [])
    publish(warehouse, start(warehouse).build_id)
    deliver(warehouse, [], replaced=3)
    assert start(warehouse).is_full_refresh


def test_a_load_that_is_turned_away_after_a_later_one_was_published_makes_a_full_refresh(
    warehouse: Settings,
) -> None:
    undecided = deliver(warehouse, [], "loaded")
    deliver(warehouse, [])
    publish(warehouse, start(warehouse).build_id)
    newest = deliver(warehouse, [], "quarantined")
    assert not start(warehouse).is_full_refresh, "no published load can have rows of the newest"
    assert newest
    with db.connect(warehouse) as connection:
        connection.execute(
            "update ops.loads set state = 'quarantined', state_changed_at = clock_timestamp() where load_id = %s",
            (undecided,),
        )
    assert start(warehouse).full_refresh_reason.startswith("1 loads were turned away late")


def test_a_full_refresh_can_be_asked_for(warehouse: Settings) -> None:
    assert start(warehouse, full_refresh=True).full_refresh_reason == "It was asked for."


# --- one at a time ----------------------------------------------------------------------------------------


def test_a_build_whose_process_has_gone_is_abandoned(warehouse: Settings) -> None:
    first = start(warehouse)
    second = start(warehouse)
    assert states(warehouse) == ["abandoned", "running"]
    with (
        pytest.raises(CercleError, match=f"Build {first.build_id} is abandoned"),
        builds.step(warehouse, first.build_id, "marts"),
    ):
        pass
    with builds.step(warehouse, second.build_id, "marts"):
        pass


def test_while_someone_holds_the_lock_nobody_starts_or_works(warehouse: Settings) -> None:
    build = start(warehouse)
    with (
        db.connect(warehouse, autocommit=True, application_name="cercle marie@till pid 7") as other,
        db.advisory_lock(other, BUILD_LOCK),
        pytest.raises(CercleError, match="marie@till pid 7") as error,
    ):
        start(warehouse)
    assert error.value.exit_code == EXIT_LOCKED
    assert states(warehouse) == ["running"]
    with builds.step(warehouse, build.build_id, "staging"):
        pass


def test_within_one_process_the_lock_is_taken_again_and_given_back_once(warehouse: Settings) -> None:
    with db.connect(warehouse, autocommit=True) as other:
        same = replace(
            warehouse, dsn=f"{warehouse.dsn}?application_name=other", home=warehouse.home / "elsewhere"
        )
        with build_lock(warehouse) as first, build_lock(same) as second:
            assert first is second
            assert db.lock_holder(other, BUILD_LOCK) is not None
        assert db.lock_holder(other, BUILD_LOCK) is None


def test_a_lost_connection_of_the_lock_ends_the_run(warehouse: Settings) -> None:
    build = start(warehouse)
    with db.connect(warehouse, autocommit=True) as admin, build_lock(warehouse) as held:
        admin.execute("select pg_terminate_backend(%s)", (held.info.backend_pid,))
        with (
            pytest.raises(CercleError, match="was lost"),
            builds.step(warehouse, build.build_id, "marts"),
        ):
            pass
    with builds.step(warehouse, build.build_id, "marts"):
        pass


def test_between_two_tasks_a_build_keeps_its_place_until_its_lease_ends(warehouse: Settings) -> None:
    first = start(warehouse, run_id="monday", lease_seconds=60)
    with pytest.raises(
        CercleError, match=rf"Build {first.build_id} of .*\(run monday\) is between two"
    ) as error:
        start(warehouse, run_id="tuesday")
    assert error.value.exit_code == EXIT_LOCKED
    assert "--take-over" in str(error.value)
    with db.connect(warehouse) as connection:
        connection.execute("update ops.builds set lease_until = now()")
    assert start(warehouse, run_id="tuesday").build_id == first.build_id + 1


def test_the_same_run_starts_again_at_once_and_another_may_take_over(warehouse: Settings) -> None:
    start(warehouse, run_id="monday", lease_seconds=60)
    start(warehouse, run_id="monday", lease_seconds=60)
    start(warehouse, run_id="tuesday", take_over=True)
    assert states(warehouse) == ["abandoned", "abandoned", "running"]


def test_a_step_extends_the_lease_and_a_build_in_one_process_has_none(warehouse: Settings) -> None:
    build = start(warehouse, lease_seconds=60)
    with db.connect(warehouse) as connection:
        connection.execute("update ops.builds set lease_until = now()")
    with builds.step(warehouse, build.build_id, "staging"):
        pass
    with db.connect(warehouse) as connection:
        assert connection.execute(
            "select lease_until > now() + interval '50 s' from ops.builds"
        ).fetchone() == (True,)
    with build_lock(warehouse):
        build = builds.start_build(warehouse, take_over=True, lease_seconds=60)
    with db.connect(warehouse) as connection:
        row = connection.execute(
            "select lease_until from ops.builds where build_id = %s", (build.build_id,)
        ).fetchone()
    assert row == (None,)


# --- steps ------------------------------------------------------------------------------------------------


def test_steps_are_kept_with_attempts_details_and_failures(warehouse: Settings) -> None:
    build = start(warehouse)
    with pytest.raises(KeyError), builds.step(warehouse, build.build_id, "marts"):
        raise KeyError
    with builds.step(warehouse, build.build_id, "marts") as details:
        details["success"] = 3
    with db.connect(warehouse) as connection:
        rows = connection.execute(
            "select step, attempt, state, details, finished_at >= started_at from ops.build_steps order by attempt"
        ).fetchall()
    assert rows == [("marts", 1, "failed", {}, True), ("marts", 2, "done", {"success": 3}, True)]


def test_a_failed_build_keeps_our_sentences_and_never_a_message_of_others(warehouse: Settings) -> None:
    secret = psycopg.errors.UniqueViolation("Key (email)=(marie@example.fr) already exists")
    for error in (secret, CercleError("A sentence", remedy="Do this")):
        assert builds.fail_build(warehouse, start(warehouse).build_id, error)
    assert not builds.fail_build(warehouse, 1, "again")
    with db.connect(warehouse) as connection:
        rows = connection.execute("select state, error from ops.builds order by build_id").fetchall()
    assert rows == [("failed", "UniqueViolation"), ("failed", "A sentence. Do this.")]


def test_without_a_project_the_error_says_how_to_make_one(database: Settings, tmp_path: Path) -> None:
    with pytest.raises(CercleError, match="cercle init"):
        builds.start_build(database)
