"""Connections, advisory locks and migrations."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercle import db
from cercle import server as embedded
from cercle.errors import EXIT_DATABASE, EXIT_LOCKED, CercleError
from cercle.paths import dbt_env
from cercle.settings import Settings


@pytest.fixture
def empty_database(make_database: Callable[..., Settings]) -> Settings:
    return make_database("template1")


def test_a_connection_is_in_utc_and_has_a_name(database: Settings) -> None:
    with db.connect(database, application_name="cercle load") as connection:
        row = connection.execute(
            "select current_setting('TimeZone'), current_setting('application_name')"
        ).fetchone()
    assert row == ("UTC", "cercle load")


def test_the_embedded_server_is_started_when_there_is_no_dsn(server: Settings) -> None:
    with db.connect(server) as connection:
        assert connection.info.dbname == "cercle"


def test_an_unreachable_database_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, dsn="postgresql+psycopg://me:hush@127.0.0.1:1/x?connect_timeout=2")
    with pytest.raises(CercleError, match=r"127\.0\.0\.1:1/x: The database cannot be reached") as refusal:
        db.connect(settings)
    assert refusal.value.exit_code == EXIT_DATABASE
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    "dsn", ["postgresql://me:hu%sh@h/x", "host=h hush", "postgresql://me:hush@h:port:1/x=="]
)
def test_an_unreadable_dsn_is_not_quoted(dsn: str, tmp_path: Path) -> None:
    with pytest.raises(CercleError) as refusal:
        db.connect(Settings(home=tmp_path, dsn=dsn))
    assert "hush" not in str(refusal.value)
    assert "hu%sh" not in str(refusal.value)


def test_dbt_gets_the_connection_by_environment(database: Settings) -> None:
    variables = dbt_env(replace(database, dsn=f"{database.dsn}?sslmode=prefer"))
    with psycopg.connect(
        host=variables["CERCLE_PG_HOST"],
        port=variables["CERCLE_PG_PORT"],
        user=variables["CERCLE_PG_USER"],
        password=variables["CERCLE_PG_PASSWORD"],
        dbname=variables["CERCLE_PG_DBNAME"],
    ) as connection:
        assert connection.info.dbname in str(database.dsn)
    assert variables["PGSSLMODE"] == "prefer"
    assert variables["DBT_TARGET_PATH"] == str(database.home / "target")


# --- locks ------------------------------------------------------------------------------------------------


@given(st.text())
def test_a_lock_key_fits_into_a_bigint(name: str) -> None:
    assert -(2**63) <= db.lock_key(name) < 2**63


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_second_session_is_refused_and_told_who_holds_the_lock(
    database: Settings, autocommit: bool
) -> None:
    with (
        db.connect(database, application_name="cercle build") as holder,
        db.connect(database, autocommit=autocommit) as other,
    ):
        with db.advisory_lock(holder, "build"):
            with (
                pytest.raises(CercleError, match=r"cercle build \(pid \d+") as refusal,
                db.advisory_lock(other, "build", wait=False),
            ):
                pytest.fail("two sessions hold one lock")
            assert refusal.value.exit_code == EXIT_LOCKED
            with db.advisory_lock(other, "ledger", wait=False):
                pass
        with db.advisory_lock(other, "build", wait=False):
            assert str(other.info.backend_pid) in str(db.lock_holder(holder, "build"))
        assert db.lock_holder(holder, "build") is None


def test_a_waiting_session_gets_the_lock_and_sees_what_was_done(database: Settings) -> None:
    seen: list[object] = []
    waits = threading.Event()

    def second() -> None:
        with (
            db.connect(database) as connection,
            db.advisory_lock(connection, "build", on_wait=lambda holder: (seen.append(holder), waits.set())),
        ):
            seen.append(connection.execute("select count(*) from done").fetchone())

    with db.connect(database, application_name="first") as first:
        thread = threading.Thread(target=second)
        with db.advisory_lock(first, "build"):
            thread.start()
            assert waits.wait(10)
            first.execute("create table done as select 1 as one")
        thread.join(10)
    assert "first (pid" in str(seen[0])
    assert seen[1] == (1,)


def test_after_an_error_nothing_is_kept_and_the_lock_is_free(database: Settings) -> None:
    with db.connect(database) as connection, db.connect(database) as other:
        with pytest.raises(psycopg.errors.DivisionByZero), db.advisory_lock(connection, "build"):
            connection.execute("create table half (one integer)")
            connection.execute("select 1 / 0")
        with db.advisory_lock(other, "build", wait=False):
            row = other.execute("select to_regclass('half')").fetchone()
        assert row == (None,)


def test_a_lost_session_gives_its_lock_back(database: Settings) -> None:
    with db.connect(database) as other:
        with (
            pytest.raises(psycopg.OperationalError),
            db.connect(database) as connection,
            db.advisory_lock(connection, "build"),
        ):
            other.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
            other.commit()
            connection.execute("select 1")
        with db.advisory_lock(other, "build"):
            pass


def test_a_lock_inside_a_transaction_is_refused(connection: psycopg.Connection) -> None:
    connection.execute("select 1")
    with pytest.raises(ValueError, match="outside of a transaction"), db.advisory_lock(connection, "build"):
        pass


# --- migrations -------------------------------------------------------------------------------------------


def _write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text)
    return folder


def test_the_shipped_migrations_apply_once(empty_database: Settings) -> None:
    with db.connect(empty_database) as connection:
        labels = [migration.label for migration in db.pending_migrations(connection)]
        connection.rollback()
        assert db.migrate(connection) == labels
        assert db.migrate(connection) == []
    assert labels
    assert labels == sorted(labels)


def test_a_failed_migration_leaves_no_trace_and_those_before_it_stay(
    empty_database: Settings, tmp_path: Path
) -> None:
    folder = _write(
        tmp_path / "migrations",
        m0001_good="create table good (part text default '100%s %d');\ncreate table second ();",
        m0002_bad="create table half ();\nselect 1 / 0;",
    )
    with db.connect(empty_database) as connection:
        with pytest.raises(CercleError, match="division by zero"):
            db.migrate(connection, folder)
        row = connection.execute("select to_regclass('good') is null, to_regclass('half') is null").fetchone()
        assert row == (False, True)
        connection.rollback()
        _write(folder, m0002_bad="create table whole ();")
        assert db.migrate(connection, folder) == ["0002_bad"]


def test_a_syntax_error_is_told_with_its_line(empty_database: Settings, tmp_path: Path) -> None:
    folder = _write(tmp_path / "migrations", m0001_bad="select 1;\n\nselekt 2;")
    with db.connect(empty_database) as connection, pytest.raises(CercleError, match=r"0001_bad\.sql line 3"):
        db.migrate(connection, folder)


def test_a_changed_missing_or_earlier_migration_is_refused(empty_database: Settings, tmp_path: Path) -> None:
    folder = _write(tmp_path / "migrations", m0001_one="select 1;", m0003_three="select 3;")
    with db.connect(empty_database) as connection:
        db.migrate(connection, folder)
        _write(folder, m0002_two="select 2;")
        with pytest.raises(CercleError, match="next free number"):
            db.migrate(connection, folder)
        (folder / "0002_two.sql").unlink()
        _write(folder, m0003_three="select 33;")
        with pytest.raises(CercleError, match="changed after"):
            db.migrate(connection, folder)
        (folder / "0003_three.sql").unlink()
        with pytest.raises(CercleError, match="lacks"):
            db.migrate(connection, folder)


@pytest.mark.parametrize("name", ["1_short", "0002_One", "0001_two"])
def test_a_wrong_name_is_refused(name: str, tmp_path: Path) -> None:
    folder = _write(tmp_path / "migrations", m0001_one="select 1;", **{f"m{name}": "select 1;"})
    with pytest.raises(CercleError):
        db.shipped_migrations(folder)


def test_two_processes_that_migrate_at_once_apply_each_once(empty_database: Settings) -> None:
    results: list[list[str]] = []

    def migrate() -> None:
        with db.connect(empty_database) as connection:
            results.append(db.migrate(connection))

    threads = [threading.Thread(target=migrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(len(applied) for applied in results) == [0, 0, len(db.shipped_migrations())]


def test_the_role_without_rights_gets_a_sentence(server: Settings, empty_database: Settings) -> None:
    with db.connect(empty_database, autocommit=True) as connection:
        connection.execute("drop role if exists nobody_much")
        connection.execute("create role nobody_much login password 'x'")
    port = embedded.status(server).port
    name = str(empty_database.dsn).rpartition("/")[2]
    settings = replace(empty_database, dsn=f"postgresql://nobody_much:x@127.0.0.1:{port}/{name}")
    with db.connect(settings) as connection, pytest.raises(CercleError, match="permission denied"):
        db.migrate(connection)
