"""Check versions, encoding, rights, secrets, plugins and disk, before the first write."""

from __future__ import annotations

import dataclasses

import click

from cercle.commands import State
from cercle.errors import EXIT_DIFFERENCE

__all__ = ["command"]


@click.command(name="doctor")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check versions, encoding, rights, secrets, plugins, disk; exit code 1 when something will not work."""
    from cercle.doctor import examine

    state = ctx.ensure_object(State)
    findings = examine(state.settings)
    problem_count = sum(finding.level == "problem" for finding in findings)
    state.show_table(
        {"problem_count": problem_count, "findings": [dataclasses.asdict(finding) for finding in findings]},
        ("check", "level", "found"),
        [(finding.check, finding.level, finding.message) for finding in findings],
    )
    if problem_count:
        ctx.exit(EXIT_DIFFERENCE)
