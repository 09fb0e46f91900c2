"""Write a dbt project of your own, with a DAG file, that uses cercle and its source plugins."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@pass_state
def command(state: State, folder: Path) -> None:
    """Write a dbt project of your own into DIR, with a DAG file, that uses cercle and its source plugins."""
    from cercle.project import create_project

    folder = folder.absolute()
    written = create_project(dataclasses.replace(state.settings, project_dir=folder))
    text = "\n".join(f"  {folder / path}" for path in written)
    state.show(
        {"project_dir": folder, "written": written},
        f"Written:\n{text}\nNow: cd {folder} && cercle doctor, then cercle run.",
    )
