"""Make a French retailer's world: files of every channel to load, and the truth about them kept aside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_USAGE, CercleError

__all__ = ["command"]


@click.command(name="simulate")
@click.option("--customers", default=5000, show_default=True, help="People with a customer record.")
@click.option("--days", default=365, show_default=True, help="Length of the window that ends at --until.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for landing/ and truth/.")
@click.option("--noise", default=1.0, show_default=True, help="2 doubles the shares of noise, 0 has none.")
@click.option("--until", help="End of the world, ISO 8601 with a zone.  [default: 2026-10-31T23:00:00Z]")
@click.option("--truth", type=click.Path(path_type=Path), help="Folder for the truth.  [default: OUT/truth]")
@click.option(
    "--increment-days",
    default=0.0,
    help="Write what became known in the last so many days into OUT/landing_next: the next delivery.",
)
@click.option(
    "--facts",
    is_flag=True,
    help="Let the truth hold what was done and sold, for the answers of M1-M28: three quarters longer.",
)
@pass_state
def command(state: State, /, **options: Any) -> None:
    """Make a French retailer's world: files of every channel to load, and the truth about them kept aside.

    OUT/landing/<source>/<entity>/ receives the files, OUT/truth what only tests and benchmarks may read. Nobody in
    it exists: numbers are ARCEP's for fiction, mailboxes are in reserved domains.
    """
    from time import perf_counter

    from cercle.simulate import DEFAULT_UNTIL, WorldConfig

    begin = perf_counter()
    until, truth = options.pop("until"), options.pop("truth")
    config = WorldConfig(
        **{**options, "out": options["out"].absolute()},
        truth=truth.absolute() if truth else None,
        until=_instant(until) if until else DEFAULT_UNTIL,
    )
    try:
        from cercle.simulate.world import STAGES, simulate
    except ImportError as error:
        raise CercleError(
            f"Simulating needs the package {error.name}", remedy="pip install 'cercle[vendors]'"
        ) from None
    with state.progress("simulating", total=STAGES) as advance:
        counts = simulate(config, lambda stage: advance(1, stage))
    seconds = round(perf_counter() - begin, 1)
    rows = counts["rows"]
    assert isinstance(rows, dict)
    lines = sum(part[name]["lines"] for part in rows.values() for name in ("landing", "landing_next"))
    files = counts["files"]
    assert isinstance(files, dict)
    text = (
        f"{lines:,} rows of {len(rows)} entities in {sum(files.values())} files below {config.out}, "
        f"{counts['dirty_rows']} of them dirty, in {seconds} s. The truth is in {config.truth_dir}."
    )
    state.show({"out": config.out, "truth": config.truth_dir, "seconds": seconds, **counts}, text)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise CercleError(
            "This is no time",
            where="--until",
            remedy="Write it as 2026-10-31T23:00:00Z, or as 2026-10-31 for its first instant in UTC",
            exit_code=EXIT_USAGE,
        ) from None
    return instant if instant.tzinfo or "T" in text else instant.replace(tzinfo=UTC)
