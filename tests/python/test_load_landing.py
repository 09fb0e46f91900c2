"""The landing folder: what is new is found without reading, and one bad file does not stop the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cercle import db
from cercle.load import LandingFile, load_landing, new_landing_files
from cercle.settings import Settings
from load_support import HEADER, line, load_lines, query, value

CUSTOMERS = "customer_ref,updated_at,kind\nC1,2025-01-01,loyalty\n"


def put(settings: Settings, name: str, content: str) -> Path:
    path = settings.landing_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def lines(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


def test_files_are_found_by_folder_and_by_name(database: Settings) -> None:
    put(database, "store/order_lines/2025-01.csv", lines(line("O1")))
    put(database, "store/order_lines/2025/02.csv", lines(line("O2")))
    put(database, "store/order_lines-2025-03.csv", lines(line("O3")))
    put(database, "store/order_lines.csv", lines(line("O4")))
    put(database, "store/customers/all.csv", CUSTOMERS)
    put(database, "store/orders_lines.csv", "what is it\n")
    put(database, "store/order_lines/.hidden.csv", "x")
    put(database, "store/order_lines/_SUCCESS", "")
    put(database, "store/order_lines/half.csv.part", "x")
    put(database, "nobody/order_lines/x.csv", "x")
    found = new_landing_files(database)
    assert {source: list(entities) for source, entities in found.items()} == {
        "store": ["customers", "order_lines"]
    }

    results = load_landing(database)
    assert [(result.state, result.entity, result.file) for result in results] == [
        ("loaded", "customers", "store/customers/all.csv"),
        ("loaded", "order_lines", "store/order_lines-2025-03.csv"),
        ("loaded", "order_lines", "store/order_lines.csv"),
        ("loaded", "order_lines", "store/order_lines/2025-01.csv"),
        ("loaded", "order_lines", "store/order_lines/2025/02.csv"),
        ("refused", "", "store/orders_lines.csv"),
    ]
    assert "order_lines" in results[-1].message
    assert new_landing_files(database) == {}
    assert [result.file for result in load_landing(database)] == ["store/orders_lines.csv"]


def test_a_file_that_was_seen_is_not_read_again(database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(database, "store/order_lines/a.csv", lines(line("O1")))
    load_landing(database)

    def must_not_read(path: Path) -> Any:
        raise AssertionError(f"{path} is read again")

    with monkeypatch.context() as patch:
        patch.setattr("cercle.load.loader.file_sha256", must_not_read)
        assert load_landing(database) == []
    os.utime(path, ns=(1, 1))
    [result] = load_landing(database)
    assert result.state == "skipped"
    path.write_text(lines(line("O1"), line("O2")))
    [result] = load_landing(database)
    assert (result.stored_count, result.known_count) == (1, 1)


def test_a_refused_file_waits_for_another_contract(database: Settings) -> None:
    put(database, "store/order_lines/a.csv", "order_id,x\nO1,1\n")
    put(database, "store/order_lines/b.csv", lines(line("O1")))
    assert [result.state for result in load_landing(database)] == ["refused", "loaded"]
    assert load_landing(database) == []
    query(
        database,
        "update ops.landing_files set contract_sha256 = 'older' where outcome = 'refused' returning path",
    )
    assert [result.state for result in load_landing(database)] == ["refused"]


def test_a_file_that_fails_does_not_stop_the_others(
    database: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, "store/order_lines/a.csv", lines(line("O1")))
    put(database, "store/order_lines/b.csv", lines(line("O2")))
    from cercle.load.steps import Load

    def break_first(self: Load, *arguments: Any) -> Any:
        if self._delivery.file_name.endswith("a.csv"):
            self._connection.execute("select 1 / 0")
        return original(self, *arguments)

    original: Callable[..., Any] = Load._conclude
    with monkeypatch.context() as patch:
        patch.setattr(Load, "_conclude", break_first)
        results = load_landing(database)
    assert [result.state for result in results] == ["failed", "loaded"]
    assert "22012" in results[0].message
    assert value(database, "select count(*) from ops.loads") == 1
    assert [result.state for result in load_landing(database)] == ["loaded"]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(database: Settings) -> None:
    folder = database.landing_dir / "store" / "order_lines"
    put(database, "store/order_lines/a.csv", lines(line("O1")))
    put(database, "store/order_lines/c.csv", lines(line("O3")))

    def take_away(file: LandingFile, number: int, total: int) -> None:
        if file.name.endswith("a.csv"):
            file.path.unlink()

    results = load_landing(database, on_file=take_away)
    assert [result.state for result in results] == ["failed", "loaded"]
    assert "No such file" in results[0].message
    assert not (folder / "a.csv").exists()


def test_only_the_wanted_source_and_files_are_loaded(database: Settings) -> None:
    first = put(database, "store/order_lines/a.csv", lines(line("O1")))
    put(database, "store/order_lines/b.csv", lines(line("O2")))
    put(database, "marketing/campaigns/c.csv", "x\n")
    seen: list[tuple[str, int, int]] = []
    results = load_landing(
        database,
        "store",
        [first],
        on_file=lambda file, number, total: seen.append((file.name, number, total)),
    )
    assert [result.file for result in results] == ["store/order_lines/a.csv"]
    assert seen == [("store/order_lines/a.csv", 1, 1)]
    assert [result.file for result in load_landing(database, "store")] == ["store/order_lines/b.csv"]


def test_loads_of_one_table_at_the_same_time_store_each_row_once(database: Settings, tmp_path: Path) -> None:
    rows = [line("O1", number) for number in range(1, 2_000)]
    paths = []
    for number in range(6):
        path = tmp_path / f"{number}.csv"
        path.write_text(lines(*(rows if number % 2 else reversed(rows)), line("O2", number)))
        paths.append(path)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda path: load_lines(database, path), paths))
    assert sum(result.stored_count for result in results) == 1_999 + 6
    assert value(database, "select count(*) from raw.store__order_lines") == 2_005


def test_a_load_waits_for_another_of_its_table(database: Settings, tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(lines(line("O1")))
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with db.connect(database) as other, ThreadPoolExecutor(1) as pool:
        other.execute(
            "select pg_advisory_xact_lock(hashtextextended('cercle:load:raw.store__order_lines', 0))"
        )
        load = pool.submit(load_lines, database, path)
        for _ in range(1_000):
            if value(database, waiting) == 1:
                break
            time.sleep(0.01)
        assert value(database, waiting) == 1
        assert not load.done()
        other.commit()
        assert load.result().stored_count == 1
