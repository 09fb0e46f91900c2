"""Run the whole circle: a simulated retailer or your files, Airflow's DAGs, checks, publication, one screen."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="demo")
@click.option(
    "--landing",
    type=click.Path(path_type=Path),
    help="Folder with your own files, as <source>/<entity>/…; without it a retailer's world is simulated.",
)
@click.option("--customers", type=int, help="Of the simulated world.  [default: 5000]")
@click.option("--days", type=int, help="Of the simulated world.  [default: 365]")
@click.option("--seed", type=int, help="Of the simulated world.  [default: 7]")
@pass_state
def command(
    state: State, landing: Path | None, customers: int | None, days: int | None, seed: int | None
) -> None:
    """Run the whole circle once; a second time it takes what is new.

    The project's Airflow DAGs run in this process, by Airflow's own dag.test(). The database is an embedded
    PostgreSQL, or yours (CERCLE_DSN). With --landing, and no CERCLE_HOME, everything stands in .cercle/own.
    """
    from cercle import demo, report

    is_home_given = bool(os.environ.get("CERCLE_HOME") or os.environ.get("CERCLE_DSN"))
    settings = demo.own_settings(state.settings, landing, is_home_given)
    world = None
    if landing is None:
        given = {"customers": customers, "days": days, "seed": seed}
        chosen = {name: value for name, value in given.items() if value is not None}
        world = demo.World(**chosen) if chosen else demo.existing_world(settings) or demo.World()
    elif customers or days or seed is not None:
        raise click.UsageError(
            "--landing takes your own files: --customers, --days and --seed do not go with it"
        )
    outcome = demo.run(settings, world, None if state.as_json else sys.stdout)
    if state.as_json:
        state.show(
            {
                **asdict(outcome.figures),
                "truth": outcome.truth,
                "seconds": dict(outcome.timings),
                "home": settings.home,
                "page": outcome.page,
            }
        )
        return
    report.show(outcome.figures, outcome.timings, outcome.next_steps(), outcome.truth)
