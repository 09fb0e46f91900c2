"""Check new deliveries and built marts; release or withdraw a delivery."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_DIFFERENCE

if TYPE_CHECKING:
    from cercle.quality import Result

__all__ = ["command"]


@click.group(name="check")
def command() -> None:
    """Check new deliveries and built marts; release or withdraw a delivery.

    Suites are YAML in expectations/raw and expectations/marts, of cercle and of your own project. Results are in
    ops.quality_results; Data Docs in CERCLE_HOME/data_docs.
    """


@command.command()
@click.pass_context
def raw(ctx: click.Context) -> None:
    """Judge all new deliveries; exit code 1 when one is kept out."""
    from cercle import quality

    state = ctx.ensure_object(State)
    found = quality.check_raw(state.settings)
    kept_out = [load for load in found.loads if load.state != "checked"]
    payload = {
        "seconds": round(found.seconds, 2),
        "checked": len(found.by_state("checked")),
        "quarantined": [load.load_id for load in found.by_state("quarantined")],
        "undecided": [load.load_id for load in found.by_state("loaded")],
        "results": _as_payload(found.results),
    }
    if not found.loads:
        state.show(payload, "No new delivery.")
        return
    if not state.as_json:
        for load in kept_out:
            click.echo(
                f"Load {load.load_id} ({load.source}.{load.entity}) is {load.state}: {' '.join(load.reasons)}"
            )
        _show_warnings(found.results)
        click.echo(f"{len(found.loads)} deliveries, {len(kept_out)} kept out, {len(found.results)} checks.")
    state.show(payload)
    if kept_out:
        ctx.exit(EXIT_DIFFERENCE)


@command.command()
@click.option(
    "--schema",
    type=click.Choice(["marts_build", "marts"]),
    default="marts",
    show_default=True,
    help="marts: what readers see; marts_build: what the last build made.",
)
@pass_state
def marts(state: State, schema: str) -> None:
    """Judge the marts; exit code 1 when a critical rule does not hold."""
    from cercle import quality

    found = quality.check_marts(state.settings, None, schema)
    failed = [result for result in found.results if result.outcome != "passed"]
    if not state.as_json:
        _show_warnings(found.results)
    state.show(
        {"seconds": round(found.seconds, 2), "results": _as_payload(found.results)},
        f"{len(found.results)} checks, {len(failed)} warnings.",
    )


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@pass_state
def page(state: State, file: Path) -> None:
    """Write the page of quality to FILE: rules, quarantine, checks by day, what is usual. It needs no network."""
    from cercle import db
    from cercle.report.quality import read_quality, render_quality

    with db.connect(state.settings) as connection:
        file.write_text(render_quality(read_quality(connection)), encoding="utf-8")
    state.show({"html": file}, f"Written: {file}")


@command.command()
@click.argument("load", type=int)
@click.option("--reason", required=True, help="Why; it is kept with the load.")
@pass_state
def release(state: State, load: int, reason: str) -> None:
    """Let a quarantined delivery in."""
    from cercle import quality

    quality.release(state.settings, load, reason)
    state.show({"load_id": load, "state": "released"}, f"Load {load} is released; the next build takes it.")


@command.command()
@click.argument("load", type=int)
@click.option("--reason", required=True, help="Why; it is kept with the load.")
@click.option("--force", is_flag=True, help="Also when rows that later files repeated go with it.")
@pass_state
def withdraw(state: State, load: int, reason: str, force: bool) -> None:
    """Take a delivery out again; its file may then be delivered anew."""
    from cercle import quality

    quality.withdraw(state.settings, load, reason, is_forced=force)
    state.show({"load_id": load, "state": "withdrawn"}, f"Load {load} is withdrawn; the next build drops it.")


def _show_warnings(results: Sequence[Result]) -> None:
    for result in results:
        if result.outcome != "passed":
            about = f"load {result.load_id}" if result.load_id else result.suite
            click.echo(f"{result.severity} {result.outcome}, {about}: {result.message}")


def _as_payload(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [
        {
            "suite": result.suite,
            "rule": result.rule,
            "relation": result.relation,
            "load_id": result.load_id,
            "outcome": result.outcome,
            "severity": result.severity,
            "observed": result.observed,
        }
        for result in results
    ]
