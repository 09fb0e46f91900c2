"""Backup and restore: the same rows, from an earlier schema too, all or nothing, and never over a warehouse unasked."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cercle import db
from cercle.backup import back_up, restore
from cercle.diff import diff_warehouses
from cercle.errors import CercleError
from cercle.privacy.roles import SCHEMAS
from cercle.settings import Settings
from mini_project import build, deliver, make_warehouse, some_orders

MIGRATIONS = Path(db.__file__).parent / "migrations"


def fingerprint(settings: Settings) -> dict[str, tuple[int, str | None]]:
    """Every table of cercle's with its number of rows and a hash over them."""
    with db.connect(settings) as connection:
        tables = connection.execute(
            "select schemaname || '.' || quote_ident(tablename) from pg_tables where schemaname = any(%s)",
            (list(SCHEMAS),),
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), md5(string_agg(each::text, chr(10) order by each::text)) from {table} as each"
            ).fetchone()
            for (table,) in tables
        }


def empty(settings: Settings) -> None:
    with db.connect(settings) as connection:
        for schema in SCHEMAS:
            connection.execute(f"drop schema if exists {schema} cascade".encode())


@pytest.fixture
def warehouse(database: Settings) -> Settings:
    """Rows in raw, not built yet."""
    make_warehouse(database)
    deliver(database, some_orders(0, 30))
    return database


def test_every_row_comes_back_and_the_next_build_goes_on(
    warehouse: Settings, make_database: Callable[..., Settings], tmp_path: Path, cli: Callable[..., Any]
) -> None:
    build(warehouse)
    file = tmp_path / "night.dump"
    assert cli("db", "backup", str(file), settings=warehouse).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} >= {file.name, f"{file.name}.sha256"}
    assert not list(tmp_path.glob("*.part")), "no draft is left"
    other = make_database()
    empty(other)
    answer = cli("db", "restore", str(file), "--json", settings=other)
    assert answer.exit_code == 0, answer.err
    assert answer.json["publication_id"] == 1
    assert fingerprint(other) == fingerprint(warehouse)
    assert diff_warehouses(warehouse, str(warehouse.dsn), str(other.dsn)).is_same
    shutil.copytree(warehouse.project_dir, other.project_dir, dirs_exist_ok=True)
    deliver(other, some_orders(30, 2))
    assert build(other).publication_id == 2


def test_a_backup_of_an_earlier_schema_is_brought_up_to_date(
    make_database: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = make_database()
    empty(settings)
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    files = sorted(MIGRATIONS.glob("*.sql"))
    for file in files[:-1]:
        shutil.copy(file, earlier)
    with db.connect(settings) as connection:
        db.migrate(connection, earlier)
        connection.execute(
            "insert into ops.builds (state, as_of, cercle_version) values ('failed', now(), 'old')"
        )
    back_up(settings, tmp_path / "old.dump")
    empty(settings)
    assert list(restore(settings, tmp_path / "old.dump").migrations) == [files[-1].stem]
    with db.connect(settings) as connection:
        assert connection.execute("select state, cercle_version from ops.builds").fetchall() == [
            ("failed", "old")
        ]
        assert db.pending_migrations(connection) == []


def test_a_warehouse_is_replaced_only_when_that_is_said(warehouse: Settings, tmp_path: Path) -> None:
    file = tmp_path / "night.dump"
    back_up(warehouse, file)
    before = fingerprint(warehouse)
    with pytest.raises(CercleError, match="There is a file already"):
        back_up(warehouse, file)
    deliver(warehouse, some_orders(30, 5))
    with db.connect(warehouse) as connection:
        connection.execute("create table ops.later (made_after_the_backup text)")
    with pytest.raises(CercleError, match="holds a warehouse already"):
        restore(warehouse, file)
    restore(warehouse, file, is_replacing=True)
    assert fingerprint(warehouse) == before


@pytest.mark.parametrize("damage", ["cut off", "another file", "a byte of another value"])
def test_a_damaged_backup_changes_nothing(damage: str, warehouse: Settings, tmp_path: Path) -> None:
    file = tmp_path / "night.dump"
    back_up(warehouse, file)
    content = file.read_bytes()
    if damage == "a byte of another value":
        middle = len(content) * 2 // 3
        content = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    else:
        (tmp_path / "night.dump.sha256").unlink()  # the file alone was kept
    file.write_bytes(
        b"select 1;" if damage == "another file" else content[:-2000] if damage == "cut off" else content
    )
    before = fingerprint(warehouse)
    with pytest.raises(CercleError, match=r"pg_restore|not what was written"):
        restore(warehouse, file, is_replacing=True)
    assert fingerprint(warehouse) == before


def test_a_statement_that_fails_in_the_middle_changes_nothing(
    warehouse: Settings, make_database: Callable[..., Settings], tmp_path: Path
) -> None:
    """The file is whole, and the database refuses one of its statements."""
    file = tmp_path / "night.dump"
    back_up(warehouse, file)
    limited = make_database()
    with db.connect(limited) as connection:
        connection.execute(
            "create function public.stop() returns event_trigger language plpgsql as "
            "$$begin raise exception 'no more views'; end$$"
        )
        connection.execute(
            "create event trigger stop on ddl_command_start when tag in ('CREATE VIEW') execute function public.stop()"
        )
    before = fingerprint(limited)
    with pytest.raises(CercleError, match="psql"):
        restore(limited, file, is_replacing=True)
    with psycopg.connect(str(limited.dsn), autocommit=True) as connection:
        connection.execute("drop event trigger stop")
    assert fingerprint(limited) == before
