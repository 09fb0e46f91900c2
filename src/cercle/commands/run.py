"""Load the landing folder, check, build, check and publish, without a scheduler."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import click

from cercle.commands import State, pass_state
from cercle.commands._steps import as_payload, build_options, show_steps

__all__ = ["command"]


@click.command(name="run")
@click.option(
    "--landing",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder with the files to load: <source>/<entity>/… Default: CERCLE_LANDING.",
)
@build_options
@pass_state
def command(
    state: State,
    landing: Path | None,
    as_of: datetime | None,
    full_refresh: bool | None,
    allow_drop: bool,
    wait_seconds: float,
) -> None:
    """Load the landing folder, check, build, check and publish, without a scheduler.

    It is what the DAGs do, in one process. Killed anywhere, it can be run again: files that are loaded are not
    loaded twice, and readers see the last whole publication until the next one.
    """
    from cercle import flow
    from cercle.preparation import prepare

    settings = (
        dataclasses.replace(state.settings, landing_dir=landing.absolute()) if landing else state.settings
    )
    prepare(settings)
    with show_steps(state) as on_progress:
        report = flow.run(settings, as_of, full_refresh, allow_drop, wait_seconds, on_progress)
    state.show(as_payload(report))
