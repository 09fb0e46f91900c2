"""The screen of a run: one line per step with its seconds, and what it is at while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cercle.commands import State

if TYPE_CHECKING:
    from cercle.flow import Progress, RunReport

__all__ = ["as_payload", "build_options", "show_steps"]


def build_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that `run` and `build` share."""
    options = (
        click.option(
            "--as-of",
            type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S.%f%z"]),
            help="The moment that models take for now, with its zone: 2025-12-31T23:59:59+01:00. Default: the start.",
        ),
        click.option(
            "--full-refresh/--increment",
            "full_refresh",
            default=None,
            help="Make every model anew, or only what follows from new loads. Default: what the changes ask for.",
        ),
        click.option(
            "--allow-drop", is_flag=True, help="Allow a publication to drop columns or relations of marts."
        ),
        click.option(
            "--wait",
            "wait_seconds",
            type=click.FloatRange(min=0),
            default=600.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for another run.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def show_steps(state: State) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows progress: live on a terminal, a line per step in a pipe, nothing with --json."""
    if state.as_json:
        yield lambda progress: None
        return
    if not state.is_screen:
        yield _print_line
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console()
    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            if progress.seconds is not None:
                console.print(f"[green]✓[/green] {escape(_line(progress))}", highlight=False)
                return
            if not progress.text:
                bar.reset(task)
            count = f" {progress.index}/{progress.total}" if progress.total else ""
            bar.update(task, description=escape(f"{progress.step}{count}  {progress.text}"))

        yield show


def _print_line(progress: Progress) -> None:
    if progress.seconds is not None:
        click.echo(_line(progress))


def _line(progress: Progress) -> str:
    return f"{progress.step:<13} {progress.seconds:6.1f} s  {progress.text}"


def as_payload(report: RunReport) -> dict[str, Any]:
    """Return a run's report for `--json`."""
    from dataclasses import asdict

    publication = report.publication
    return {
        "build": asdict(report.build) if report.build else None,
        "publication": {
            "publication_id": publication.publication_id,
            "as_of": publication.as_of,
            "seconds": round(publication.seconds, 3),
            "changes": [asdict(changes) for changes in publication.changes],
            "statements": [statement.text for statement in publication.statements],
        }
        if publication
        else None,
        "loads": [asdict(load) for load in report.loads],
        "steps": [asdict(step) for step in report.steps],
    }
