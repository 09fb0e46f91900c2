"""Build the marts from what is loaded and checked, check and publish them."""

from __future__ import annotations

from datetime import datetime

import click

from cercle.commands import State, pass_state
from cercle.commands._steps import as_payload, build_options, show_steps

__all__ = ["command"]


@click.command(name="build")
@build_options
@pass_state
def command(
    state: State, as_of: datetime | None, full_refresh: bool | None, allow_drop: bool, wait_seconds: float
) -> None:
    """Build the marts from what is loaded and checked, check and publish them."""
    from cercle import flow

    with show_steps(state) as on_progress:
        report = flow.build(state.settings, as_of, full_refresh, allow_drop, wait_seconds, on_progress)
    state.show(as_payload(report))
