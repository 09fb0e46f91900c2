"""What every sub-command of `cercle` shares: settings, answers as text or JSON, progress.

A module here is a sub-command of its own name (`_` becomes `-`): it exposes `command: click.Command`, and the
first line of its docstring is its short help. Nothing heavy is imported at its top.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import click

from cercle.settings import Settings

__all__ = ["State", "pass_state"]


@dataclass
class State:
    """What the command line says for every sub-command.

    Attributes:
        as_json: answer with one JSON document on standard output.
    """

    as_json: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The settings, read from the environment when first asked for."""
        return Settings.from_env()

    @property
    def is_screen(self) -> bool:
        """Whether a person looks: standard output is a terminal, and JSON was not asked for."""
        return sys.stdout.isatty() and not self.as_json

    def show(self, payload: object, text: str | None = None) -> None:
        """Answer: the payload as JSON when that was asked for, else the text.

        Args:
            payload: mappings, lists, numbers, text, dates, paths.
            text: what a person reads; nothing when None.
        """
        if self.as_json:
            click.echo(json.dumps(payload, default=_as_json, ensure_ascii=False, indent=2))
        elif text:
            click.echo(text)

    def show_table(
        self,
        payload: object,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        title: str | None = None,
    ) -> None:
        """Answer with a table: drawn on a terminal, tab-separated in a pipe, the payload as JSON."""
        if self.as_json:
            self.show(payload)
        elif self.is_screen:
            from rich.console import Console
            from rich.markup import escape
            from rich.table import Table

            table = Table(*columns, title=title, title_justify="left", header_style="bold")
            for row in rows:
                table.add_row(*(escape(_as_text(cell)) for cell in row))
            Console().print(table)
        else:
            for row in (columns, *rows):
                click.echo("\t".join(_as_text(cell) for cell in row))

    @contextmanager
    def progress(self, description: str, total: float | None = None) -> Iterator[Callable[..., None]]:
        """Show progress on a terminal, and nothing elsewhere.

        Args:
            description: what is being done.
            total: how much there is to do; None when not known.

        Yields:
            A function `advance(step=1, description=None)`.
        """
        if not self.is_screen:
            yield lambda step=1, description=None: None
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        layout = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*layout, transient=True) as bar:
            task = bar.add_task(description, total=total)

            def advance(step: float = 1, description: str | None = None) -> None:
                bar.update(task, advance=step, description=description)

            yield advance


pass_state = click.make_pass_decorator(State, ensure=True)


def _as_json(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _as_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)
