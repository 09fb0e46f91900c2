"""Find what needs a person (failed builds, quarantine, silence, late requests), and tell it once."""

from __future__ import annotations

import os
from datetime import timedelta

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="watch")
@click.option("--dry-run", is_flag=True, help="Tell nobody: only show what would be told.")
@click.option(
    "--publication-hours",
    type=click.FloatRange(min=0),
    default=26.0,
    show_default=True,
    help="Tell when the newest publication is older; 0 = never.",
)
@click.option(
    "--request-days",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Tell of requests of persons that end within so many days.",
)
@pass_state
def command(state: State, dry_run: bool, publication_hours: float, request_days: int) -> None:
    """Find what needs a person (failed builds, quarantine, silence, late requests), and tell it once.

    CERCLE_NOTIFY says whom: mailto:name@example.org or an http(s) address, with spaces between; CERCLE_SMTP is the
    server of e-mail (smtp://user:password@host:587). What is over is told once too. No personal value is told.
    """
    from cercle.watch import Limits, channels_from, make_round

    limits = Limits(
        timedelta(hours=publication_hours) if publication_hours else None, request_days=request_days
    )
    channels = [] if dry_run else channels_from(os.environ)
    done = make_round(state.settings, channels, limits)
    payload = {
        "conditions": [vars(condition) for condition in done.conditions],
        "new": done.new,
        "over": done.over,
        "channels": [channel.name for channel in channels],
    }
    whom = ", ".join(channel.name for channel in channels) or "nobody: CERCLE_NOTIFY names no one"
    state.show(payload, f"{done.text}\n\nTold: {whom}" if done.text else "Nothing new to tell.")
