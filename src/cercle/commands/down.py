"""Stop Airflow and the embedded database, and leave nothing running."""

from __future__ import annotations

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="down")
@pass_state
def command(state: State) -> None:
    """Stop what `cercle up` started, and the embedded database."""
    from cercle import server
    from cercle.airflow import standalone

    parts = standalone.down(state.settings)
    was_running = server.stop(state.settings)
    stopped = [*parts, *(["the embedded database"] if was_running else [])]
    state.show({"stopped": stopped}, f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
