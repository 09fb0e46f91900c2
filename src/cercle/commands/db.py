"""Start, stop, show and migrate the database; back it up, and restore it."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_DIFFERENCE, EXIT_OK, CercleError

__all__ = ["command"]


@click.group(name="db")
def command() -> None:
    """Start, stop, show and migrate the database; back it up, and restore it.

    Without CERCLE_DSN it is an embedded PostgreSQL with its data in CERCLE_HOME.
    """


@command.command()
@pass_state
def start(state: State) -> None:
    """Start the embedded server, made first when there is none."""
    from cercle import server

    _refuse_own_server(state, "start")
    server.start(state.settings)
    found = server.status(state.settings)
    state.show(
        {"is_running": True, "port": found.port}, f"PostgreSQL {found.version} answers on port {found.port}."
    )


@command.command()
@pass_state
def stop(state: State) -> None:
    """Stop the embedded server."""
    from cercle import server

    _refuse_own_server(state, "stop")
    was_running = server.stop(state.settings)
    state.show(
        {"is_running": False, "was_running": was_running}, "Stopped." if was_running else "It did not run."
    )


@command.command()
@click.pass_context
def status(ctx: click.Context) -> None:
    """Tell whether the database answers; exit code 1 when it does not."""
    state = ctx.ensure_object(State)
    payload = _own_status(state) if state.settings.dsn else _embedded_status(state)
    state.show(payload, "\n".join(f"{name}: {value}" for name, value in payload.items()))
    if not payload["is_running"]:
        ctx.exit(EXIT_DIFFERENCE)


@command.command()
@click.option("--database", type=click.Choice(["cercle", "airflow"]), default="cercle", show_default=True)
@pass_state
def url(state: State, database: str) -> None:
    """Print the database's URL with its password, for psql and BI tools."""
    from cercle import server

    if state.settings.dsn:
        raise CercleError("The URL of your own server is in CERCLE_DSN", where="CERCLE_DSN")
    server.start(state.settings)
    address = server.url(state.settings, database)
    state.show({"url": address}, address)


@command.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be applied.")
@pass_state
def migrate(state: State, dry_run: bool) -> None:
    """Bring the schemas ops, identity and privacy up to date, and raw's tables to the contracts."""
    from cercle import db
    from cercle.load.raw_tables import ensure_raw_tables
    from cercle.sources import plugins_in_use

    with db.connect(state.settings) as connection:
        if dry_run:
            names = [migration.label for migration in db.pending_migrations(connection)]
        else:
            names = db.migrate(connection)
            plugins = plugins_in_use(state.settings).values()
            ensure_raw_tables(connection, (plugin.contract for plugin in plugins))
    verb = "To apply" if dry_run else "Applied"
    state.show(
        {"pending" if dry_run else "applied": names},
        f"{verb}: {', '.join(names)}" if names else "Up to date.",
    )


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_state
def backup(state: State, file: Path) -> None:
    """Write all of cercle's schemas, as of one moment, into FILE; builds and readers go on meanwhile.

    The file holds personal data, and no secret of pseudonyms: keep both, apart, and for no longer than you say.
    """
    from cercle.backup import back_up

    with state.progress("Writing the backup"):
        done = back_up(state.settings, file)
    state.show(
        dataclasses.asdict(done),
        f"Written: {done.file}, {done.byte_count / 1e6:.1f} MB, {done.seconds:.1f} s",
    )


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--replace", "is_replacing", is_flag=True, help="Put it in the place of the warehouse that is there."
)
@pass_state
def restore(state: State, file: Path, is_replacing: bool) -> None:
    """Bring a backup back, all or nothing, and the schema up to date; needs the secret of the backup.

    With --replace, whoever was erased since the backup is erased again. What was delivered since is loaded again by
    the next run, as long as its files are in the landing folder; until then exports stay shut.
    """
    from cercle.backup import restore as bring_back

    with state.progress("Restoring"):
        done = bring_back(state.settings, file, is_replacing)
    lines = [
        f"Publication {done.publication_id}, as of {_minute(done.as_of)}, {done.seconds:.1f} s."
        if done.as_of
        else f"Nothing was published in it; {done.seconds:.1f} s."
    ]
    if done.migrations:
        lines.append(f"Migrations applied after it: {', '.join(done.migrations)}.")
    if done.erased_again_count:
        lines.append(f"{done.erased_again_count} persons who had been erased since were erased again.")
    if done.unknown_erasure_count:
        lines.append(
            f"{done.unknown_erasure_count} persons who had been erased since are no customers in it: erase them by "
            "contact point, or see that nothing of them is there: cercle privacy verify."
        )
    lines.append("Next: cercle run.")
    state.show(dataclasses.asdict(done), "\n".join(lines))


@command.command(name="roles")
@click.option(
    "--check", "is_check", is_flag=True, help="Change nothing; list what can be read and must not be."
)
@pass_state
def roles_command(state: State, is_check: bool) -> int:
    """Make the database roles by purpose, with their grants, row security and masks; docs/access.md lists them.

    Doing it again changes nothing. From then on each publication keeps the rights, and fails when they are wrong.
    """
    from cercle import db
    from cercle.privacy.roles import ROLES
    from cercle.privacy.roles_check import find_faults
    from cercle.privacy.roles_grants import make_roles

    with db.connect(state.settings) as connection:
        made = [] if is_check else make_roles(connection)
        faults = find_faults(connection)
    payload = {"roles": [role.name for role in ROLES], "made": made, "faults": faults}
    text = (
        "\n".join(faults)
        or f"{len(ROLES)} roles, {len(made)} of them new; what can be read is what may be read."
    )
    state.show(payload, text)
    return EXIT_DIFFERENCE if faults else EXIT_OK


def _refuse_own_server(state: State, verb: str) -> None:
    if state.settings.dsn:
        raise CercleError(
            f"cercle does not {verb} a server that is not its own",
            where="CERCLE_DSN",
            remedy="Unset CERCLE_DSN to use the embedded database",
        )


def _embedded_status(state: State) -> dict[str, object]:
    from cercle import server

    return {"kind": "embedded", **dataclasses.asdict(server.status(state.settings))}


def _own_status(state: State) -> dict[str, object]:
    from cercle import db

    with db.connect(state.settings) as connection:
        info = connection.info
        return {
            "kind": "own server",
            "is_running": True,
            "host": info.host,
            "port": info.port,
            "database": info.dbname,
            "version": info.parameter_status("server_version"),
        }


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
