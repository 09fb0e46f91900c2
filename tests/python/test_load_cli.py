"""The commands load, sources and contracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cercle.load.dbt_sources import sources_path
from cercle.settings import Settings
from cercle.sources import installed_plugins
from load_support import HEADER, line, value, write

Command = Callable[..., Any]


def test_files_and_folders_are_loaded(cli: Command, database: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "order_lines"
    folder.mkdir()
    write(folder, "2025.csv", line("O1"), line("O2", "x"))
    single = write(tmp_path, "order_lines-more.csv", line("O3"))
    answer = cli("load", "store", str(folder), str(single), "--json", settings=database)
    assert answer.exit_code == 0
    assert [(item["state"], item["file"], item["stored_count"]) for item in answer.json] == [
        ("loaded", "2025.csv", 1),
        ("loaded", "order_lines-more.csv", 1),
    ]
    again = cli("load", "store", str(folder), settings=database)
    assert again.out.splitlines()[1].startswith("skipped\tstore\torder_lines")


def test_a_file_of_any_name_needs_its_entity(cli: Command, database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "export.csv", line("O1"))
    answer = cli("load", "store", str(path), settings=database)
    assert answer.exit_code == 3
    assert "--entity customers|orders|order_lines" in answer.err
    assert cli("load", "store", str(path), "--entity", "order_lines", settings=database).exit_code == 0
    answer = cli("load", "store", str(path), "--entity", "nothing", settings=database)
    assert "no entity 'nothing'" in answer.err


def test_a_refused_file_is_told(cli: Command, database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "order_lines.csv", "O1", header="order_id")
    answer = cli("load", "store", str(path), settings=database)
    assert answer.exit_code == 3
    assert "Required columns are missing" in answer.err


def test_a_dry_run_says_what_would_be(cli: Command, database: Settings, tmp_path: Path) -> None:
    path = write(tmp_path, "order_lines.csv", line("O1"), line("O2", "x"))
    answer = cli("load", "store", str(path), "--dry-run", settings=database)
    assert "dry_run\tstore\torder_lines\torder_lines.csv\t2\t1\t0\t1\t0" in answer.out
    assert "1 rows rejected: bad_integer" in answer.err
    assert value(database, "select count(*) from ops.loads") == 0


def test_the_landing_folder_is_loaded(cli: Command, database: Settings) -> None:
    folder = database.landing_dir / "store" / "order_lines"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(f"{HEADER}\n{line('O1')}\n")
    assert (
        "loaded\tstore\torder_lines\tstore/order_lines/a.csv"
        in cli("load", "--landing", settings=database).out
    )
    assert cli("load", "--landing", settings=database).out == "Nothing new to load.\n"


@pytest.mark.parametrize(
    "arguments", [[], ["store"], ["store", "x.csv", "--landing"], ["--landing", "--dry-run"]]
)
def test_a_wrong_call_is_told(arguments: list[str], cli: Command, database: Settings) -> None:
    assert cli("load", *arguments, settings=database).exit_code == 2


@pytest.mark.parametrize(("source", "file"), [("nobody", "x.csv"), ("store", "missing.csv")])
def test_what_is_not_there_is_told(source: str, file: str, cli: Command, database: Settings) -> None:
    answer = cli("load", source, file, settings=database)
    assert answer.exit_code == 3
    assert "There is no" in answer.err


def test_sources_are_listed(cli: Command, database: Settings) -> None:
    payload = cli("sources", "--json", settings=database).json
    assert [source["source"] for source in payload["sources"]] == [
        "store",
        "social",
        "email",
        "phone",
        "contact",
        "marketing",
        "privacy",
    ]
    assert payload["sources"][0]["entities"] == ["customers", "orders", "order_lines", "visits", "stores"]
    assert cli("sources", settings=database).out.splitlines()[0].split("\t")[0] == "source"


def test_contracts_are_listed_and_checked(cli: Command, tmp_path: Path) -> None:
    rows = cli("contracts", "list", "--json").json
    assert {row["raw_relation"] for row in rows} >= {"raw.store__orders", "raw.privacy__notices"}
    assert cli("contracts", "check").exit_code == 0
    broken = tmp_path / "x.yaml"
    broken.write_text("kind: DataContract\n")
    answer = cli("contracts", "check", str(broken))
    assert answer.exit_code == 3
    assert "apiVersion" in answer.err


def test_sources_yml_does_not_drift_from_the_contracts(cli: Command) -> None:
    answer = cli("contracts", "sources", "--check")
    assert answer.exit_code == 0, answer.out
    shipped = [plugin for plugin in installed_plugins().values() if sources_path(plugin) is not None]
    assert len(shipped) >= 7


def test_drift_is_found(cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "_store__sources.yml"
    monkeypatch.setattr("cercle.load.dbt_sources.sources_path", lambda plugin: target)
    assert cli("contracts", "sources", "--check", "--plugin", "store").exit_code == 1
    assert not target.exists()
    assert cli("contracts", "sources", "--plugin", "store").exit_code == 0
    assert cli("contracts", "sources", "--check", "--plugin", "store").exit_code == 0
    target.write_text(target.read_text().replace("order_id", "order_identifier"))
    assert cli("contracts", "sources", "--check", "--plugin", "store").exit_code == 1
    assert cli("contracts", "sources", "--plugin", "nobody").exit_code == 3
