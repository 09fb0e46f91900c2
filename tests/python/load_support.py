"""What the tests of loading share: a small source of order lines, and looks into the database."""

from __future__ import annotations

import itertools
import textwrap
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cercle import db
from cercle import server as embedded
from cercle.load import LoadResult, load_file
from cercle.settings import Settings
from cercle.sources import Parser, Source, SourcePlugin, installed_plugins

COLUMNS = (
    "order_id",
    "line_number",
    "updated_at",
    "product_id",
    "quantity",
    "line_amount",
    "currency_code",
    "is_return",
)
HEADER = ",".join(COLUMNS)
STORE = Source("store", installed_plugins()["store"], "FR", "Europe/Paris")


_numbers = itertools.count(1)


@pytest.fixture(scope="module", name="shared")
def shared_database(
    server: Settings, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A database for all tests of a module: each takes a source of its own (`fresh_source`), so they do not meet."""
    home = tmp_path_factory.mktemp("shared")
    name = f"shared_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        statement = sql.SQL("create database {} template {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template_database)))
    yield replace(server, home=home, dsn=embedded.url(server, name), landing_dir=home / "landing")
    with psycopg.connect(embedded.url(server, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def fresh_source(source: Source = STORE) -> Source:
    """Return a source instance that no other test has."""
    return replace(source, name=f"store_{next(_numbers)}")


def line(order: str = "O1", number: object = 1, amount: object = "10.00", **values: object) -> str:
    """Return an order line as CSV."""
    row: dict[str, object] = {
        "order_id": order,
        "line_number": number,
        "updated_at": "2025-03-01T10:00:00Z",
        "product_id": "P1",
        "quantity": 1,
        "line_amount": amount,
        "currency_code": "EUR",
        "is_return": "false",
    }
    row |= values
    return ",".join(str(row[name]) for name in COLUMNS)


def write(folder: Path, name: str, *rows: str, header: str = HEADER) -> Path:
    """Write a CSV file."""
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def write_bytes(folder: Path, name: str, *parts: bytes) -> Path:
    """Write a file of bytes."""
    path = folder / name
    path.write_bytes(b"".join(parts))
    return path


def load_lines(settings: Settings, path: Path, source: Source = STORE, **options: Any) -> LoadResult:
    """Load a file of order lines."""
    return load_file(settings, source, path, "order_lines", **options)


def query(settings: Settings, text: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with db.connect(settings) as connection:
        return connection.execute(text, parameters or None).fetchall()


def value(settings: Settings, text: str, *parameters: object) -> Any:
    """Return the one value of a query."""
    [(found,)] = query(settings, text, *parameters)
    return found


def rejected(settings: Settings, load_id: int | None) -> list[tuple[int, str]]:
    """Return line and code of the rejected rows of a load."""
    return query(
        settings,
        "select line, reason_code from ops.rejected_rows where load_id = %s order by line, rejected_row_id",
        load_id,
    )


def stored(settings: Settings, result: LoadResult, columns: str) -> list[tuple[Any, ...]]:
    """Return columns of the order lines that a load stored, in the order of the file."""
    return query(
        settings,
        f"select {columns} from raw.store__order_lines where _load_id = %s order by _line",
        result.load_id,
    )


def held(settings: Settings, relation: str = "raw.store__order_lines") -> dict[int, int]:
    """Return how many rows raw holds for each load, and check that ops.loads says the same."""
    in_raw = dict(query(settings, f"select _load_id, count(*) from {relation} group by 1"))
    plugin, entity = relation.removeprefix("raw.").split("__")
    in_ops = dict(
        query(
            settings,
            "select load_id, stored_count from ops.loads where plugin = %s and entity = %s and stored_count > 0",
            plugin,
            entity,
        )
    )
    assert in_raw == in_ops
    return in_raw


def load_row(settings: Settings, load_id: int | None) -> dict[str, Any]:
    """Return the row of ops.loads."""
    with db.connect(settings) as connection, connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        found = cursor.execute("select * from ops.loads where load_id = %s", (load_id,)).fetchone()
    assert found is not None
    return found


def check_sums(
    settings: Settings, relation: str = "raw.store__order_lines", amount: str = "line_amount"
) -> None:
    """Check that the sums of every load agree with themselves, and with raw."""
    wanted = "select load_id, sums from ops.loads where state <> 'refused' and sums ? %s"
    for load_id, sums in query(settings, wanted, amount):
        parts = {name: Decimal(text) for name, text in sums[amount].items()}
        assert parts["read"] == parts["stored"] + parts["known"] + parts["rejected"] + parts["suppressed"], (
            load_id
        )
        in_raw = value(
            settings, f"select coalesce(sum({amount}), 0) from {relation} where _load_id = %s", load_id
        )
        assert in_raw == parts["stored"], load_id


@contextmanager
def own_source(
    folder: Path,
    entity: str,
    parsers: dict[str, Parser] | None = None,
    region: str | None = "FR",
    time_zone: str = "Europe/Paris",
    name: str = "till",
) -> Iterator[Source]:
    """Yield a source with a contract of its own: the YAML below `schema:`."""
    path = folder / f"{name}.yaml"
    top = f"apiVersion: v3.1.0\nkind: DataContract\nname: {name}\nversion: 1.0.0\nschema:\n"
    path.write_text(top + textwrap.indent(textwrap.dedent(entity).strip("\n"), "  ") + "\n", encoding="utf-8")
    yield Source(name, SourcePlugin(name, path, parsers=parsers or {}), region, time_zone)


Loader = Callable[[Path], LoadResult]


def note_load(connection: psycopg.Connection, path: str, state: str, loaded_at: datetime) -> int:
    """Note a load with one rejected row as if it had been made at a moment, and return its number; raw gets nothing.

    Args:
        connection: in a transaction.
        path: of its file in the landing folder, `source/entity/name`.
        state: of the load.
        loaded_at: when.
    """
    source, entity, name = path.split("/")
    row = connection.execute(
        """
        insert into ops.loads (
            source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version, contract_sha256, state,
            read_count, rejected_count, started_at, loaded_at
        )
        values (
            %(source)s, %(source)s, %(entity)s, %(name)s, md5(%(path)s), 1, '1', '', %(state)s, 1, 1, %(at)s, %(at)s
        )
        returning load_id
        """,
        {"source": source, "entity": entity, "name": name, "path": path, "state": state, "at": loaded_at},
    ).fetchone()
    assert row is not None
    connection.execute(
        "insert into ops.rejected_rows (load_id, line, reason_code, reason, payload)"
        " values (%s, 2, 'not_a_date', 'Not a date.', 'ana.martin@exemple.fr')",
        row,
    )
    note_landing_file(connection, path, row[0])
    return int(row[0])


def note_landing_file(connection: psycopg.Connection, path: str, load_id: int) -> None:
    """Note a file of the landing folder as that of a load."""
    connection.execute(
        """
        insert into ops.landing_files (
            path, byte_count, modified_ns, source, entity, contract_sha256, outcome, load_id
        )
        select %s, 1, 1, source, entity, '', 'loaded', load_id
        from ops.loads
        where load_id = %s
        """,
        (path, load_id),
    )
