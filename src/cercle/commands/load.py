"""Load files of a source, or what is new in the landing folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cercle.commands import State
from cercle.errors import EXIT_REFUSED, EXIT_USAGE, CercleError

if TYPE_CHECKING:
    from cercle.load import LandingFile, LoadResult

__all__ = ["command"]


@click.command(name="load")
@click.argument("source", required=False)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--entity", help="What the files hold; by default their folder or the start of their name tells."
)
@click.option("--landing", "is_landing", is_flag=True, help="Load what is new in the landing folder.")
@click.option("--rejected", "load_id", type=int, help="Load the rejected rows of this load again.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Load, count, and leave nothing.")
@click.pass_context
def command(
    ctx: click.Context,
    source: str | None,
    paths: tuple[Path, ...],
    entity: str | None,
    is_landing: bool,
    load_id: int | None,
    is_dry_run: bool,
) -> None:
    """Load files of a source, or what is new in the landing folder.

    `cercle load store customers.csv orders/` loads files and folders of the source `store`; `cercle load --landing`
    whatever is new at <landing>/<source>/<entity>/. Each file is one transaction. A file that was loaded before is
    skipped, a row that raw has is not stored twice, a row that breaks the contract is kept in ops.rejected_rows.
    `cercle load --rejected 12` loads these again once they, or the contract, have been mended.
    Exit code 3 when a file was refused or failed; rejected rows are no error of the command.
    """
    state = ctx.ensure_object(State)
    if is_landing and (paths or entity or is_dry_run):
        raise CercleError(
            "--landing takes at most a source", remedy="See cercle load --help", exit_code=EXIT_USAGE
        )
    if load_id is not None and (source or is_landing or is_dry_run or entity):
        raise CercleError(
            "--rejected takes nothing else", remedy="See cercle load --help", exit_code=EXIT_USAGE
        )
    if load_id is None and not is_landing and not (source and paths):
        raise CercleError(
            "A source and its files are wanted, or --landing, or --rejected",
            remedy="See cercle load --help",
            exit_code=EXIT_USAGE,
        )
    if load_id is not None:
        results = [_rejected(state, load_id)]
    elif is_landing:
        results = _landing(state, source)
    else:
        results = _files(state, str(source), paths, entity, is_dry_run)
    _show(state, results)
    if any(result.state in ("refused", "failed") for result in results):
        ctx.exit(EXIT_REFUSED)


def _rejected(state: State, load_id: int) -> LoadResult:
    from cercle.load.mended import load_rejected

    return load_rejected(state.settings, load_id)


def _landing(state: State, source: str | None) -> list[LoadResult]:
    from cercle.load import load_landing

    with state.progress("Looking for files") as advance:

        def on_file(file: LandingFile, number: int, total: int) -> None:
            advance(1, f"{number} of {total}: {file.name}")

        return load_landing(state.settings, source, on_file=on_file)


def _files(
    state: State, source: str, paths: tuple[Path, ...], entity: str | None, is_dry_run: bool
) -> list[LoadResult]:
    from cercle.load import load_file
    from cercle.load.landing import files_below
    from cercle.sources import get_source

    instance = get_source(state.settings, source)
    files = [file for path in paths for file in files_below(instance, path, entity)]
    results: list[LoadResult] = []
    with state.progress("Loading") as advance:
        for number, file in enumerate(files, start=1):
            place = f"{number} of {len(files)}: {file.path.name}"
            rows = 0

            def on_rows(count: int, place: str = place) -> None:
                nonlocal rows
                rows += count
                advance(0, f"{place}, {rows:,} rows")

            if file.entity is None:
                raise CercleError(
                    "Neither folder nor name tell what the file holds",
                    where=str(file.path),
                    remedy="Name it: --entity "
                    + "|".join(known.name for known in instance.plugin.contract.entities),
                )
            results += [
                load_file(
                    state.settings,
                    instance,
                    file.path,
                    found,
                    file_name=file.name,
                    is_dry_run=is_dry_run,
                    on_rows=on_rows,
                )
                for found in file.entities
            ]
    return results


def _show(state: State, results: list[LoadResult]) -> None:
    counts = ("read_count", "stored_count", "known_count", "rejected_count", "suppressed_count")
    rows = [
        (result.state, result.source, result.entity, result.file, *(getattr(result, name) for name in counts))
        for result in results
    ]
    payload = [dataclasses.asdict(result) for result in results]
    if not results and not state.as_json:
        state.show(payload, "Nothing new to load.")
        return
    columns = ("state", "source", "entity", "file", "read", "stored", "known", "rejected", "suppressed")
    state.show_table(payload, columns, rows)
    if state.as_json:
        return
    for result in results:
        if result.message and result.state != "skipped":
            click.echo(f"{result.file}: {result.message}", err=True)
        for code, count in result.reasons.items():
            click.echo(f"{result.file}: {count} rows rejected: {code}", err=True)
