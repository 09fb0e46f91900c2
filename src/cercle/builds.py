"""Builds: one at a time, with a fixed set of loads and one moment for now, and a record of every step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg

from cercle import __version__, db
from cercle.build_lock import DEFAULT_WAIT_SECONDS, build_lock, is_lock_held
from cercle.errors import EXIT_LOCKED, EXIT_REFUSED, EXIT_USAGE, CercleError
from cercle.full_refresh import full_refresh_reason
from cercle.settings import Settings

__all__ = ["Build", "abandon", "fail_build", "require_running", "start_build", "start_revert", "step"]


@dataclass(frozen=True)
class Build:
    """A build that has started.

    Attributes:
        as_of: the one moment that its models take for now.
        load_count: loads that it reads.
        new_load_count: those that the last published build did not have.
        full_refresh_reason: why everything is made anew; None for an increment.
    """

    build_id: int
    as_of: datetime
    is_full_refresh: bool
    load_count: int
    new_load_count: int
    full_refresh_reason: str | None = None


def require_running(connection: psycopg.Connection, build_id: int, for_update: bool = False) -> datetime:
    """Return the as_of of the running build, and refuse any other.

    Args:
        connection: any.
        build_id: the build that wants to go on.
        for_update: hold its row until the transaction ends, so that nobody can abandon it meanwhile.

    Raises:
        CercleError: it is not running: it failed, was abandoned, or is published.
    """
    row = connection.execute(
        f"select state, as_of from ops.builds where build_id = %s {'for update' if for_update else ''}",
        (build_id,),
    ).fetchone()
    if row is None:
        raise CercleError(f"There is no build {build_id}", where="ops.builds")
    state, as_of = row
    if state != "running":
        raise CercleError(
            f"Build {build_id} is {state} and cannot go on",
            where="ops.builds",
            remedy="Start another: cercle build",
            exit_code=EXIT_LOCKED if state == "abandoned" else EXIT_REFUSED,
        )
    assert isinstance(as_of, datetime)
    return as_of


def start_build(
    settings: Settings,
    as_of: datetime | None = None,
    full_refresh: bool | None = None,
    run_id: str | None = None,
    lease_seconds: int | None = None,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
    take_over: bool = False,
) -> Build:
    """Start a build: fix the loads that it reads and the moment that it takes for now.

    A build that is still marked as running is abandoned, unless it is alive: its process holds the lock, or
    its lease has not run out. With `run_id` the same run may start again at once.

    Args:
        settings: where the database and the dbt project are.
        as_of: with a time zone; by default the start of the build.
        full_refresh: make everything anew; None decides by what has changed.
        run_id: the scheduler's name of the run.
        lease_seconds: for tasks that are separate processes: how long the build keeps its place between two
            of them. Not needed, and not used, where this process holds the lock for the whole build.
        wait_seconds: how long to wait for another build.
        take_over: abandon a build that is between two of its tasks, whatever its lease.

    Raises:
        CercleError: another build is alive, or `as_of` has no time zone.
    """
    return _start(settings, _Wish(as_of, full_refresh), run_id, lease_seconds, wait_seconds, take_over)


def start_revert(
    settings: Settings,
    publication_id: int,
    as_of: datetime | None = None,
    wait_seconds: float = DEFAULT_WAIT_SECONDS,
) -> Build:
    """Start a build that reads the loads of an earlier publication, as far as they are still admitted.

    Beside them it reads whatever later load the ledger, the notices or the requests stand on: no stop is undone.

    Args:
        settings: as `start_build`.
        publication_id: the publication.
        as_of: as `start_build`.
        wait_seconds: as `start_build`.

    Raises:
        CercleError: there is no such publication, or as `start_build`.
    """
    return _start(settings, _Wish(as_of, None, publication_id), None, None, wait_seconds, take_over=False)


@dataclass(frozen=True)
class _Wish:
    """What a build is to be.

    Attributes:
        loads_of: publication whose loads it reads; None for all that are admitted.
    """

    as_of: datetime | None
    full_refresh: bool | None
    loads_of: int | None = None


def _start(
    settings: Settings,
    wish: _Wish,
    run_id: str | None,
    lease_seconds: int | None,
    wait_seconds: float,
    take_over: bool,
) -> Build:
    from cercle.dbt_runner import project_sha256

    if wish.as_of is not None and wish.as_of.tzinfo is None:
        raise CercleError("as_of needs a time zone", remedy="Write it as 2025-12-31T23:59:59+01:00")
    code = project_sha256(settings)
    lease = None if is_lock_held(settings) else lease_seconds
    deadline = time.monotonic() + wait_seconds
    while True:
        with (
            build_lock(settings, max(0.0, deadline - time.monotonic())) as connection,
            connection.transaction(),
        ):
            alive = _abandon_dead(connection, run_id, take_over)
            if alive is None:
                reason = _reason(connection, wish, code)
                build = _insert(connection, wish.as_of, reason, run_id, lease, code)
                return _with_loads(connection, build, wish.loads_of)
        if time.monotonic() >= deadline:
            raise CercleError(
                alive,
                where="ops.builds",
                remedy="Wait until it has ended, or put this one in its place: --take-over",
                exit_code=EXIT_LOCKED,
            )
        time.sleep(min(2.0, max(0.05, deadline - time.monotonic())))


def _abandon_dead(connection: psycopg.Connection, run_id: str | None, take_over: bool) -> str | None:
    """Abandon the build that is marked as running, or say who keeps it alive."""
    row = connection.execute(
        """
        select
            build_id,
            run_id,
            started_by,
            lease_until at time zone 'UTC',
            coalesce(lease_until > clock_timestamp(), false)
        from ops.builds
        where state = 'running'
        for update
        """
    ).fetchone()
    if row is None:
        return None
    build_id, its_run_id, started_by, lease_until, has_lease = row
    is_same_run = run_id is not None and run_id == its_run_id
    if has_lease and not is_same_run and not take_over:
        run = f" (run {its_run_id})" if its_run_id else ""
        return (
            f"Build {build_id} of {started_by}{run} is between two of its tasks, "
            f"and keeps its place until {lease_until:%H:%M:%S} UTC"
        )
    abandon(connection, build_id)
    return None


def abandon(connection: psycopg.Connection, build_id: int) -> None:
    """Mark a running build whose process has gone."""
    connection.execute(
        """
        update ops.builds
        set
            state = 'abandoned',
            finished_at = clock_timestamp(),
            lease_until = null,
            error = 'Its process ended before it did.'
        where build_id = %s and state = 'running'
        """,
        (build_id,),
    )
    connection.execute(
        """
        update ops.build_steps
        set state = 'failed', finished_at = clock_timestamp()
        where build_id = %s and state = 'running'
        """,
        (build_id,),
    )


def _reason(connection: psycopg.Connection, wish: _Wish, code: str) -> str | None:
    """Say why everything is made anew; None for an increment."""
    if wish.loads_of is not None:
        return f"It goes back to the deliveries of publication {wish.loads_of}."
    if wish.full_refresh:
        return "It was asked for."
    return full_refresh_reason(connection, code) if wish.full_refresh is None else None


def _insert(
    connection: psycopg.Connection,
    as_of: datetime | None,
    reason: str | None,
    run_id: str | None,
    lease_seconds: int | None,
    code: str,
) -> Build:
    row = connection.execute(
        """
        insert into ops.builds (
            state,
            as_of,
            is_full_refresh,
            full_refresh_reason,
            run_id,
            cercle_version,
            project_sha256,
            lease_seconds,
            lease_until
        )
        values (
            'running', coalesce(%s, clock_timestamp()), %s, %s, %s, %s, %s, %s,
            clock_timestamp() + make_interval(secs => %s)
        )
        returning build_id, as_of
        """,
        (as_of, reason is not None, reason, run_id, __version__, code, lease_seconds, lease_seconds),
    ).fetchone()
    assert row is not None
    return Build(row[0], row[1], reason is not None, 0, 0, reason)


def _with_loads(connection: psycopg.Connection, build: Build, loads_of: int | None) -> Build:
    """Write down which loads the build reads, and return it with their number."""
    if loads_of is not None:
        known = connection.execute(
            "select 1 from ops.publications where publication_id = %s", (loads_of,)
        ).fetchone()
        if known is None:
            raise CercleError(
                f"There is no publication {loads_of}",
                remedy="See `cercle publication list`",
                exit_code=EXIT_USAGE,
            )
    load_count = connection.execute(
        """
        insert into ops.build_loads (build_id, load_id)
        select %(build_id)s, load_id
        from ops.loads
        where state in ('checked', 'released')
            and (
                %(loads_of)s::bigint is null
                or load_id in (
                    select build_loads.load_id
                    from ops.publications
                    inner join ops.build_loads on publications.build_id = build_loads.build_id
                    where publications.publication_id = %(loads_of)s
                    union all
                    select load_id from privacy.ledger_loads
                    union all
                    select load_id from privacy.notice_versions
                    union all
                    select load_id from privacy.requests
                )
            )
        """,
        {"build_id": build.build_id, "loads_of": loads_of},
    ).rowcount
    new = connection.execute("select count(*) from ops.new_loads").fetchone()
    assert new is not None
    return replace(build, load_count=load_count, new_load_count=new[0])


@contextmanager
def step(settings: Settings, build_id: int, name: str) -> Iterator[dict[str, Any]]:
    """Do one step of a build under the lock, and keep its state, time and details in ops.build_steps.

    Args:
        settings: where the database is.
        build_id: must be the running build.
        name: for example staging, marts check, publish.

    Yields:
        A mapping for details, without personal values; it is stored as JSON.

    Raises:
        CercleError: the build is not the running one, or someone else holds the lock.
    """
    with build_lock(settings) as connection:
        require_running(connection, build_id)
        _extend_lease(connection, build_id)
        row = connection.execute(
            """
            insert into ops.build_steps (build_id, step, attempt, state)
            select %s, %s, coalesce(max(attempt), 0) + 1, 'running'
            from ops.build_steps
            where build_id = %s and step = %s
            returning attempt
            """,
            (build_id, name, build_id, name),
        ).fetchone()
        assert row is not None
        details: dict[str, Any] = {}
        state = "failed"
        try:
            yield details
            state = "done"
        finally:
            if not connection.closed:
                connection.execute(
                    """
                    update ops.build_steps
                    set state = %s, finished_at = clock_timestamp(), details = %s
                    where build_id = %s and step = %s and attempt = %s
                    """,
                    (state, json.dumps(details, default=str), build_id, name, row[0]),
                )
                _extend_lease(connection, build_id)


def _extend_lease(connection: psycopg.Connection, build_id: int) -> None:
    connection.execute(
        """
        update ops.builds
        set lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
        where build_id = %s and lease_seconds is not null and state = 'running'
        """,
        (build_id,),
    )


def fail_build(settings: Settings, build_id: int, error: BaseException | str) -> bool:
    """Mark a build as failed, when it still runs.

    Args:
        settings: where the database is.
        build_id: the build.
        error: what went wrong; of an exception that is no CercleError only the type is kept, since its
            message may quote a row.

    Returns:
        Whether it was running until now.
    """
    text = str(error) if isinstance(error, str | CercleError) else type(error).__name__
    with db.connect(settings, autocommit=True) as connection:
        return bool(
            connection.execute(
                """
                update ops.builds
                set state = 'failed', finished_at = clock_timestamp(), lease_until = null, error = %s
                where build_id = %s and state = 'running'
                """,
                (text[:2000], build_id),
            ).rowcount
        )
