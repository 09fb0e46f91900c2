"""Start Airflow on this machine: scheduler, web page and all, with the embedded database."""

from __future__ import annotations

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="up")
@click.option(
    "--port", default=8080, show_default=True, help="Of the web page; any free one when it is taken."
)
@pass_state
def command(state: State, port: int) -> None:
    """Start Airflow on this machine, and print the page to open.

    It listens on 127.0.0.1 alone, and asks nobody to sign in. `cercle down` stops it.
    """
    from cercle.airflow import standalone
    from cercle.preparation import prepare

    with state.progress("Starting") as advance:
        prepare(state.settings, migrates=True)
        started = standalone.up(
            state.settings, port=port, say=lambda what: advance(0, description=f"Starting {what}")
        )
    state.show(
        {"url": started.url, "parts": started.parts, "seconds": round(started.seconds, 1)},
        f"Airflow is up after {started.seconds:.0f} s: {started.url}\n"
        f"Files in {state.settings.landing_dir} are loaded every hour, or when you trigger a loading DAG.",
    )
