"""The command `cercle`: finds its sub-commands, and turns every error into a sentence."""

from __future__ import annotations

import ast
import json
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from cercle import __version__, commands
from cercle.commands import State
from cercle.errors import EXIT_DATABASE, EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, CercleError

__all__ = ["cercle", "main"]

_FOLDER = Path(commands.__file__).parent


class LazyGroup(click.Group):
    """A group whose sub-commands are the modules of `cercle.commands`, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the modules, as typed."""
        names = (path.stem for path in _FOLDER.glob("*.py") if not path.stem.startswith("_"))
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a sub-command, and give it `--json`."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"cercle.commands.{cmd_name.replace('-', '_')}").command
        _add_json_option(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown sub-command with the names that come near."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], known, n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else "`cercle --help` lists them."
            raise click.UsageError(f"There is no command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the sub-commands by the first lines of their docstrings, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(name)) for name in self.list_commands(ctx)])


def _first_line(command_name: str) -> str:
    source = (_FOLDER / f"{command_name.replace('-', '_')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def _add_json_option(command: click.Command) -> None:
    """Let `--json` stand behind a sub-command too, at any depth."""
    if not any("--json" in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                ["--json", "as_json"],
                is_flag=True,
                expose_value=False,
                callback=_set_json,
                help="Answer with one JSON document.",
            )
        )
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _add_json_option(child)


def _set_json(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(State).as_json = True


@click.command(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="cercle")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    expose_value=False,
    callback=_set_json,
    help="Answer with one JSON document.",
)
def cercle() -> None:
    """A customer-360 warehouse on PostgreSQL.

    Settings come from the environment: CERCLE_HOME, CERCLE_DSN, CERCLE_PROJECT, CERCLE_LANDING, CERCLE_DBT,
    CERCLE_HMAC_KEYS. Exit codes: 0 done, 1 a check failed or things differ, 2 wrong usage, 3 refused or not
    configured, 4 the database cannot be reached, 5 locked by someone else. CERCLE_DEBUG=1 shows where an
    error came from.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; this is the console script.

    Args:
        arguments: by default those of the process.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(given))


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        result = cercle.main(args=arguments, prog_name="cercle", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone (`cercle … | head`): no error, and nothing more to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        return _report(
            CercleError(error.format_message(), remedy=_usage(error), exit_code=EXIT_USAGE), arguments
        )
    except CercleError as error:
        return _report(error, arguments)
    except Exception as error:
        return _report(_as_sentence(error), arguments)
    return result if isinstance(result, int) else EXIT_OK


def _usage(error: click.ClickException) -> str | None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"See {context.command_path} --help" if context else None


def _report(error: CercleError, arguments: Sequence[str]) -> int:
    if os.environ.get("CERCLE_DEBUG") == "1":
        traceback.print_exc()
    if "--json" in arguments:
        click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
    else:
        click.echo(str(error), err=True)
    return error.exit_code


def _as_sentence(error: Exception) -> CercleError:
    """Turn an exception that nobody foresaw into a sentence.

    Its own message stays out of it: a driver's message may quote a row, and a row holds personal values.
    """
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return CercleError(
            "The connection to the database was lost",
            remedy="Look at the server (cercle db status), then run the command again",
            exit_code=EXIT_DATABASE,
        )
    if isinstance(error, OSError) and error.strerror:
        return CercleError(error.strerror, where=str(error.filename) if error.filename else None)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "cercle" in Path(frame.filename).parts] or list(frames)
    where = f"{Path(ours[-1].filename).name} line {ours[-1].lineno}" if ours else None
    return CercleError(
        f"cercle met an error that it did not expect ({type(error).__name__})",
        where=where,
        remedy="CERCLE_DEBUG=1 shows all of it, personal values perhaps included; please report it",
        exit_code=EXIT_INTERNAL,
    )
