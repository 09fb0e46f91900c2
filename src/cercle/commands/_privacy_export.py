"""`cercle privacy export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cercle.commands import State, pass_state

__all__ = ["export_command"]


@click.command(name="export")
@click.option(
    "--segment",
    required=True,
    help="A file segments/NAME.sql of the project, a segment of customer_360, `all`, or SQL that gives customer_id.",
)
@click.option(
    "--channel", required=True, help="email, sms, phone_call, phone_auto, postal or social_audience."
)
@click.option("--purpose", required=True, help="Code of a purpose, as direct_marketing.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write."
)
@click.option("--recipient", help="For partner_prospecting: who is to receive.")
@click.option("--controller", help="Legal entity that asks; by default var cercle_controller.")
@click.option("--product-family", help="What is advertised; a sale or contract allows its own family alone.")
@click.option("--jurisdiction", help="Whose law decides; by default var cercle_jurisdiction.")
@click.option(
    "--format", "file_format", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="Column of customer_360 that leaves with each line, or that an aggregate counts by.",
)
@click.option("--aggregate", "is_aggregate", is_flag=True, help="Counts of persons, small cells suppressed.")
@click.option("--all-contact-points", is_flag=True, help="Every allowed contact point of a person.")
@click.option("--key", help="Idempotency key: a second export with it writes nothing.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Decide and count; record and write nothing.")
@pass_state
def export_command(state: State, /, is_dry_run: bool, file_format: str, **options: Any) -> None:
    """Write the contact points of a segment that may be used now, and record every decision.

    Exits 1 when the gate is shut: a ledger that is old, behind or broken. docs/export.md says what is asked.
    """
    from cercle.privacy.export import ExportRequest, export

    report = export(state.settings, ExportRequest(format=file_format, **options), is_dry_run)
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.reasons.items())
    what = "would leave" if is_dry_run else "left before" if report.is_repeated else "left"
    state.show(
        asdict(report),
        f"{report.allowed} of {report.lines} lines {what}"
        + (f": {report.file}" if report.file else "")
        + f" ({reasons or 'no lines'}; {report.without_contact_point} customers have no contact point for the channel)",
    )
