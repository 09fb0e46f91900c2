"""The one transaction in which readers get a new publication."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import errors, sql

from cercle import db
from cercle.build_lock import build_lock
from cercle.builds import require_running
from cercle.errors import EXIT_DIFFERENCE, EXIT_LOCKED, CercleError
from cercle.privacy.daily_figures import keep_daily_figures
from cercle.privacy.roles_grants import apply_access, drop_dependents
from cercle.publish.alerts import keep_alerts
from cercle.publish.catalog import MARTS, with_canonical_types
from cercle.publish.changes import Changes, apply_changes
from cercle.publish.plan import Plan, Statement, make_plan
from cercle.publish.record import record_publication
from cercle.publish.shape import BUILD_SCHEMA, Mart, mart_from_json
from cercle.settings import Settings

__all__ = ["ApplyIdentity", "Publication", "plan_publication", "publish"]

_log = logging.getLogger(__name__)

PUBLICATION_LOCK = "cercle:publication"
# Below PostgreSQL's deadlock_timeout (1 s): in a deadlock with a reader it is we who give way, not the reader.
LOCK_TIMEOUT_MS = 800

# Statistics are made anew when one row in so many has changed.
ANALYZE_SHARE = 20
ATTEMPTS = 60
PAUSE_SECONDS = 2.0

ApplyIdentity = Callable[[psycopg.Connection, int, datetime], object]


@dataclass(frozen=True)
class Publication:
    """What a publication did.

    Attributes:
        seconds: how long the transaction took.
    """

    publication_id: int
    build_id: int
    as_of: datetime
    seconds: float
    changes: tuple[Changes, ...]
    statements: tuple[Statement, ...]

    @property
    def changed_rows(self) -> int:
        """Rows that were inserted, updated or deleted in all relations."""
        return sum(changes.changed for changes in self.changes)


def plan_publication(connection: psycopg.Connection, marts: Sequence[Mart]) -> Plan:
    """Return what the next publication would change in the shape of `marts`; changes nothing."""
    with connection.transaction(force_rollback=True):
        return make_plan(connection, list(marts))


def publish(
    settings: Settings,
    build_id: int,
    allow_drop: bool = False,
    apply_identity: ApplyIdentity | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Publication:
    """Publish what a build made: shape, rows, identity and the record of it, all or nothing.

    Readers are never kept waiting unless an existing relation changes its shape; then the transaction asks
    for its locks for 0.8 s at a time, and starts again when a reader has them.

    Args:
        settings: where the database is.
        build_id: the running build; its marts were checked.
        allow_drop: allow what loses something: a column or relation that goes, a type that rewrites a table.
        apply_identity: writes the identity state; by default `cercle.identity.apply_proposal`.
        on_progress: called with each relation before its rows change.

    Raises:
        CercleError: the build is not the running one, its marts are missing, the plan is refused, a key is
            violated, or readers held the locks for too long. Nothing was changed then.
    """
    if apply_identity is None:
        from cercle.identity import apply_proposal

        apply_identity = apply_proposal
    with (
        build_lock(settings),
        db.connect(
            settings, autocommit=True, application_name=f"cercle publication of build {build_id}"
        ) as connection,
    ):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with connection.transaction():
                    publication = _Transaction(connection, build_id, allow_drop, on_progress).run(
                        apply_identity
                    )
                break
            except (errors.LockNotAvailable, errors.DeadlockDetected):
                _wait_for_readers(connection, attempt)
            except psycopg.IntegrityError as error:
                raise _as_sentence(error) from None
        _analyze(connection, publication)
    return publication


class _Transaction:
    """The statements of a publication, in order."""

    def __init__(
        self,
        connection: psycopg.Connection,
        build_id: int,
        allow_drop: bool,
        on_progress: Callable[[str], None] | None,
    ) -> None:
        self.connection = connection
        self.build_id = build_id
        self.allow_drop = allow_drop
        self.on_progress = on_progress or (lambda relation: None)

    def run(self, apply_identity: ApplyIdentity) -> Publication:
        started = time.monotonic()
        as_of = self._enter()
        marts = self._marts()
        plan = make_plan(self.connection, marts)
        plan.refuse(self.allow_drop)
        for relation in plan.exclusive_relations:
            self._execute(f"lock table {_qualified(relation)} in access exclusive mode")
        publication_id = self._record(as_of)
        drop_dependents(self.connection, {statement.relation for statement in plan.structure})
        for statement in plan.structure:
            self._change_shape(statement)
        self.on_progress("identity")
        apply_identity(self.connection, publication_id, as_of)
        changes = []
        for mart in marts:
            self.on_progress(mart.relation)
            changes.append(self._change_rows(mart, mart.relation in plan.replaced))
        self.on_progress("keys")
        # Foreign keys are checked here, not at the commit, so that their triggers do not hinder what follows.
        self._execute("set constraints all immediate")
        for statement in plan.keys:
            self._change_shape(statement)
        record_publication(self.connection, publication_id, marts, plan, changes)
        keep_daily_figures(self.connection, as_of)
        keep_alerts(self.connection, publication_id, as_of)
        self.on_progress("access")
        # Last: what is read back is what readers will find.
        apply_access(self.connection)
        seconds = time.monotonic() - started
        self._finish(publication_id, seconds)
        return Publication(publication_id, self.build_id, as_of, seconds, tuple(changes), plan.statements)

    def _enter(self) -> datetime:
        """Set limits, take the lock of publications, and hold the build's row: nobody can abandon it now."""
        self._execute(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
        self._execute("set local work_mem = '128MB'")
        self._execute("set local maintenance_work_mem = '256MB'")
        _watch_client(self.connection)
        self.connection.execute("select pg_advisory_xact_lock(%s)", (db.lock_key(PUBLICATION_LOCK),))
        return require_running(self.connection, self.build_id, for_update=True)

    def _marts(self) -> list[Mart]:
        rows = self.connection.execute(
            "select shape from ops.build_marts where build_id = %s order by relation", (self.build_id,)
        ).fetchall()
        if not rows:
            raise CercleError(
                f"Build {self.build_id} kept no shape of any mart",
                remedy="Run the layers of the build before its publication: cercle build",
            )
        marts = with_canonical_types(self.connection, [mart_from_json(row[0]) for row in rows])
        missing = [
            mart.relation
            for mart in marts
            if not self._exists(sql.Identifier(BUILD_SCHEMA, mart.relation).as_string(None))
        ]
        if missing:
            raise CercleError(
                f"Build {self.build_id} did not make {', '.join(missing)}",
                where=BUILD_SCHEMA,
                remedy="Run the marts layer of the build: cercle build",
            )
        return marts

    def _exists(self, name: str) -> bool:
        row = self.connection.execute("select to_regclass(%s) is not null", (name,)).fetchone()
        return bool(row and row[0])

    def _execute(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def _change_shape(self, statement: Statement) -> None:
        try:
            self._execute(statement.text)
        except (
            psycopg.ProgrammingError,
            psycopg.NotSupportedError,
            errors.ObjectNotInPrerequisiteState,
        ) as error:
            raise CercleError(
                f"Nothing was published: {error.diag.message_primary}",
                where=statement.text,
                remedy="Mend the contract of its model; `cercle publication plan` shows what follows from it",
            ) from None

    def _change_rows(self, mart: Mart, replace_all: bool) -> Changes:
        try:
            return apply_changes(self.connection, mart, replace_all)
        except (psycopg.DataError, psycopg.ProgrammingError) as error:
            # only the kind of error: the driver's message may quote a value
            raise CercleError(
                f"Nothing was published: the rows that were built do not fit ({type(error).__name__})",
                where=f"{MARTS}.{mart.relation}",
                remedy="Compare its contract with the columns of marts_build",
            ) from None

    def _record(self, as_of: datetime) -> int:
        row = self.connection.execute(
            "insert into ops.publications (build_id, as_of) values (%s, %s) returning publication_id",
            (self.build_id, as_of),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _finish(self, publication_id: int, seconds: float) -> None:
        self.connection.execute(
            """
            update ops.publications
            set published_at = clock_timestamp(), duration_seconds = %s
            where publication_id = %s
            """,
            (round(seconds, 3), publication_id),
        )
        self.connection.execute(
            """
            update ops.builds
            set state = 'published', finished_at = clock_timestamp(), lease_until = null
            where build_id = %s
            """,
            (self.build_id,),
        )


def _qualified(relation: str) -> str:
    return sql.Identifier(MARTS, relation).as_string(None)


def _watch_client(connection: psycopg.Connection) -> None:
    """Let the server look every two seconds whether we still live, where its system can."""
    try:
        with connection.transaction():
            connection.execute("set local client_connection_check_interval = '2s'")
    except psycopg.Error:
        _log.debug("The server cannot watch for clients that have gone")


def _wait_for_readers(connection: psycopg.Connection, attempt: int) -> None:
    """Wait before the next attempt, and give up after the last with the names of those who hold the locks."""
    if attempt < ATTEMPTS:
        if attempt == 1:
            _log.warning(
                "Publication waits for readers of the marts that it is to change: %s", _readers(connection)
            )
        time.sleep(PAUSE_SECONDS)
        return
    minutes = ATTEMPTS * (PAUSE_SECONDS + LOCK_TIMEOUT_MS / 1000) / 60
    raise CercleError(
        f"Readers held the marts that are to change for {minutes:.0f} minutes: {_readers(connection)}",
        where="marts",
        remedy="Let them end, then run again; nothing was published",
        exit_code=EXIT_LOCKED,
    )


def _readers(connection: psycopg.Connection) -> str:
    rows = connection.execute(
        """
        select distinct
            activity.pid,
            coalesce(nullif(activity.application_name, ''), activity.usename::text, 'a session'),
            activity.xact_start at time zone 'UTC'
        from pg_locks
        inner join pg_stat_activity as activity on pg_locks.pid = activity.pid
        inner join pg_class on pg_locks.relation = pg_class.oid
        where pg_class.relnamespace = to_regnamespace(%s)
            and pg_locks.granted
            and activity.pid <> pg_backend_pid()
        order by 3
        limit 5
        """,
        (MARTS,),
    ).fetchall()
    return (
        ", ".join(f"{name} (pid {pid}, since {since:%H:%M} UTC)" for pid, name, since in rows)
        or "they have gone"
    )


def _as_sentence(error: psycopg.IntegrityError) -> CercleError:
    """Name the constraint alone: the driver's message quotes the row."""
    relation = error.diag.table_name or "a relation"
    kinds = {
        errors.ForeignKeyViolation: "refer to rows that do not exist",
        errors.UniqueViolation: "carry a key twice",
        errors.NotNullViolation: f"lack a value in {error.diag.column_name or 'a required column'}",
        errors.CheckViolation: "violate a check",
    }
    what = next((text for kind, text in kinds.items() if isinstance(error, kind)), "violate a constraint")
    name = f" (constraint {error.diag.constraint_name})" if error.diag.constraint_name else ""
    return CercleError(
        f"Nothing was published: rows of {relation} {what}{name}",
        where=f"{error.diag.schema_name or MARTS}.{relation}",
        remedy="Mend the model; a dbt test on that key shows the rows",
        exit_code=EXIT_DIFFERENCE,
    )


def _analyze(connection: psycopg.Connection, publication: Publication) -> None:
    """Refresh the planner's statistics of what changed much; the publication stands whether this works or not.

    Small changes add up until autovacuum looks.
    """
    for changes in publication.changes:
        if changes.changed * ANALYZE_SHARE >= max(changes.rows, 1):
            try:
                connection.execute(sql.SQL("analyze {}").format(sql.Identifier(MARTS, changes.relation)))
            except psycopg.Error as error:
                _log.warning(
                    "marts.%s could not be analysed: %s", changes.relation, error.diag.message_primary
                )
