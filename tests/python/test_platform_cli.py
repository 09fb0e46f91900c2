"""The command: every answer also as JSON, every error a sentence with an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import click
import psycopg
import pytest

from cercle import cli as cli_module
from cercle import db
from cercle.errors import (
    EXIT_DATABASE,
    EXIT_DIFFERENCE,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_USAGE,
    CercleError,
)
from cercle.settings import Settings

CERCLE = str(Path(sys.executable).parent / "cercle")
COMMANDS = cli_module.cercle.list_commands(click.Context(cli_module.cercle))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """A function that makes `cercle status` raise what it is given."""

    def fail_with(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(cli_module, "import_module", lambda _: SimpleNamespace(command=command))

    return fail_with


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    best = 9.0
    for _ in range(3):
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-X", "importtime", CERCLE, "--help"], capture_output=True, text=True, check=True
        )
        best = min(best, time.monotonic() - begin)
    assert best < 0.5
    for heavy in ("psycopg", "pandas", "airflow", "great_expectations", "dbt", "rich", "cercle.server"):
        assert f" {heavy}\n" not in done.stderr, f"cercle --help imports {heavy}"


def test_help_lists_every_command_with_a_line_about_it(cli: Callable[..., object]) -> None:
    answer = cli("--help")
    assert answer.exit_code == EXIT_OK
    assert {"db", "doctor", "init", "status"} <= set(COMMANDS)
    for name in COMMANDS:
        assert len(cli_module._first_line(name)) > 10, f"the module of {name} has no docstring"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json_at_every_depth(name: str, cli: Callable[..., object]) -> None:
    if name != "dbt":  # there, --help is dbt's own
        answer = cli(name, "--help")
        assert answer.exit_code == EXIT_OK, answer.err
    context = click.Context(cli_module.cercle)
    pending = [cli_module.cercle.get_command(context, name)]
    while pending:
        command = pending.pop()
        assert any("--json" in parameter.opts for parameter in command.params), command.name
        pending += list(getattr(command, "commands", {}).values())


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["db", "nothing"], ["db", "start", "--nothing"], ["init"]]
)
def test_wrong_usage_exits_2_with_a_hint(arguments: list[str], cli: Callable[..., object]) -> None:
    answer = cli(*arguments)
    assert answer.exit_code == EXIT_USAGE
    assert "--help" in answer.err
    assert "Traceback" not in answer.err


def test_a_misspelt_command_is_guessed(cli: Callable[..., object]) -> None:
    assert "Did you mean status?" in cli("statsu").err


def test_an_error_is_one_sentence_or_one_json(
    cli: Callable[..., object], failing: Callable[[BaseException], None]
) -> None:
    failing(CercleError("It broke", where="a.csv", remedy="Mend it"))
    answer = cli("status")
    assert (answer.exit_code, answer.out, answer.err) == (EXIT_REFUSED, "", "a.csv: It broke. Mend it.\n")
    answer = cli("status", "--json")
    assert answer.json["error"] == {
        "what": "It broke",
        "where": "a.csv",
        "remedy": "Mend it",
        "exit_code": EXIT_REFUSED,
    }


def test_an_unforeseen_error_hides_its_message_unless_asked(
    cli: Callable[..., object], failing: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(ValueError("someone@example.org is wrong"))
    answer = cli("status")
    assert answer.exit_code == EXIT_INTERNAL
    assert "ValueError" in answer.err
    assert "someone@example.org" not in answer.err
    assert "Traceback" not in answer.err
    monkeypatch.setenv("CERCLE_DEBUG", "1")
    assert "someone@example.org" in cli("status").err


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (KeyboardInterrupt(), EXIT_INTERRUPTED),
        (psycopg.OperationalError("server closed the connection"), EXIT_DATABASE),
        (PermissionError(13, "Permission denied", "/a/file"), EXIT_REFUSED),
        (click.exceptions.Exit(EXIT_DIFFERENCE), EXIT_DIFFERENCE),
    ],
)
def test_every_kind_of_end_has_its_exit_code(
    error: BaseException, exit_code: int, cli: Callable[..., object], failing: Callable[[BaseException], None]
) -> None:
    failing(error)
    answer = cli("status")
    assert answer.exit_code == exit_code
    assert "Traceback" not in answer.err


def test_a_reader_that_leaves_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {CERCLE} --help | true"], capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr


def test_an_unreachable_database_exits_4(database: Settings, cli: Callable[..., object]) -> None:
    lost = replace(database, dsn="postgresql://me:hush@127.0.0.1:1/x")
    answer = cli("status", settings=lost)
    assert answer.exit_code == EXIT_DATABASE
    assert "CERCLE_DSN" in answer.err
    assert "hush" not in answer.err


def test_db_commands_leave_a_server_of_your_own_alone(database: Settings, cli: Callable[..., object]) -> None:
    assert cli("db", "stop", settings=database).exit_code == EXIT_REFUSED
    assert cli("db", "start", settings=database).exit_code == EXIT_REFUSED
    assert cli("db", "url", settings=database).exit_code == EXIT_REFUSED
    answer = cli("db", "status", "--json", settings=database)
    assert answer.json["is_running"] is True
    assert "postgresql://" not in answer.out


def test_db_url_and_status_of_the_embedded_server(server: Settings, cli: Callable[..., object]) -> None:
    answer = cli("db", "url", "--json", settings=server)
    with psycopg.connect(answer.json["url"]) as connection:
        assert connection.info.dbname == "cercle"
    assert cli("db", "status", "--json", settings=server).json["is_running"] is True


def test_db_status_of_a_stopped_server_exits_1(tmp_path: Path, cli: Callable[..., object]) -> None:
    answer = cli("db", "status", "--json", settings=Settings(home=tmp_path / "new"))
    assert answer.exit_code == EXIT_DIFFERENCE
    assert answer.json["is_made"] is False
    assert not (tmp_path / "new").exists(), "asking must not make anything"


def test_migrate_says_what_it_would_do_and_what_it_did(
    make_database: Callable[..., Settings], cli: Callable[..., object]
) -> None:
    empty = make_database("template1")
    labels = [migration.label for migration in db.shipped_migrations()]
    assert cli("db", "migrate", "--dry-run", "--json", settings=empty).json == {"pending": labels}
    assert cli("--json", "db", "migrate", settings=empty).json == {"applied": labels}
    assert cli("db", "migrate", settings=empty).out == "Up to date.\n"


def test_status_tolerates_an_empty_database(
    make_database: Callable[..., Settings], cli: Callable[..., object]
) -> None:
    answer = cli("status", settings=make_database("template1"))
    assert answer.exit_code == EXIT_OK
    assert "Migrations to apply" in answer.out
    assert "Nothing is loaded yet" in answer.out


def test_status_shows_loads_builds_and_the_publication(
    database: Settings, cli: Callable[..., object]
) -> None:
    with db.connect(database) as connection:
        connection.execute(
            """
            insert into ops.loads (
                source, plugin, entity, file_name, file_sha256, file_byte_count, contract_version,
                contract_sha256, state, read_count, stored_count, rejected_count, started_at
            )
            values ('store', 'store', 'orders', 'a.csv', 'x', 1, '1', 'x', 'quarantined', 3, 2, 1, now());

            insert into ops.builds (state, as_of, cercle_version)
            values ('published', '2026-01-01 00:00+00', '0'), ('failed', '2026-01-02 00:00+00', '0');

            insert into ops.publications (build_id, as_of)
            values (1, '2026-01-01 00:00+00');
            """
        )
    answer = cli("status", "--json", settings=database).json
    assert answer["publication"]["publication_id"] == 1
    assert answer["build"]["state"] == "failed"
    assert [
        (load["entity"], load["stored_count"], load["quarantined_count"]) for load in answer["loads"]
    ] == [("orders", 2, 1)]
    text = cli("status", settings=database).out
    assert "Publication 1 of " in text
    assert "Build 2 since " in text
    assert "store\torders\t1\t" in text


def test_progress_is_silent_in_a_pipe() -> None:
    script = "from cercle.commands import State\nwith State().progress('x', 2) as advance: advance()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=os.environ, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_on_a_terminal_a_table_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from cercle.commands import State

    monkeypatch.setattr(State, "is_screen", True)
    State().show_table({}, ("name", "count"), [("[bold]", 1)])
    assert "[bold]" in capsys.readouterr().out
    with State().progress("work", 2) as advance:
        advance(2)


def test_json_knows_dates_money_and_paths(capsys: pytest.CaptureFixture[str]) -> None:
    import datetime as dt
    from decimal import Decimal

    from cercle.commands import State

    State(as_json=True).show({"a": dt.date(2026, 1, 2), "b": Decimal("1.10"), "c": Path("/x"), "d": {1}})
    assert json.loads(capsys.readouterr().out) == {"a": "2026-01-02", "b": "1.10", "c": "/x", "d": [1]}
