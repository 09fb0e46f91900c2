"""Run dbt on your project, with the connection set and the packages linked."""

from __future__ import annotations

import subprocess

import click

from cercle.commands import State

__all__ = ["command"]


@click.command(
    name="dbt", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help-of-cercle"]}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="DBT_ARGUMENTS")
@click.pass_context
def command(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run dbt on your project, with the connection set and the packages linked.

    Everything behind it goes to dbt: cercle dbt build --select marts. Its exit code is dbt's.
    """
    from cercle.errors import CercleError
    from cercle.paths import dbt_env
    from cercle.project import ensure_project

    settings = ctx.ensure_object(State).settings
    ensure_project(settings)
    try:
        done = subprocess.run(
            [settings.dbt_executable, *arguments],
            cwd=settings.project_dir,
            env=dbt_env(settings),
            check=False,
        )
    except OSError as error:
        raise CercleError(
            f"dbt does not run: {error.strerror}",
            where=settings.dbt_executable,
            remedy="pip install 'cercle[dbt]', or set CERCLE_DBT to the dbt of another environment",
        ) from error
    ctx.exit(done.returncode)
