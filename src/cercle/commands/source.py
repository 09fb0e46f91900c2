"""Write source plugins."""

from __future__ import annotations

from pathlib import Path

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.group(name="source")
def command() -> None:
    """Write a source plugin; `cercle sources` shows those that there are."""


@command.command(name="new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="In which the package's folder is made; by default the one where you are.",
)
@pass_state
def new(state: State, name: str, folder: Path) -> None:
    """Write the skeleton of a source plugin: a package of its own, with contract, sample, dbt package and tests."""
    from cercle.source_skeleton import write_skeleton

    written = write_skeleton(name, folder)
    target = folder / f"cercle-{name}"
    state.show(
        {"folder": target, "files": [path.relative_to(target) for path in written]},
        f"Written: {target}. Next: pip install --editable {target}, then pytest {target}.",
    )
