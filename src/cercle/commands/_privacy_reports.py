"""`cercle privacy proof`, `register` and `figures`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from cercle.commands import State, pass_state
from cercle.errors import EXIT_DIFFERENCE, EXIT_OK

__all__ = ["add_commands"]


def add_commands(group: click.Group) -> None:
    """Add the reports to `cercle privacy`."""
    for command in (proof_command, register_command, figures_command):
        group.add_command(command)


@click.command(name="proof")
@click.option("--customer", required=True, help="Customer id (c_…), also a retired one.")
@pass_state
def proof_command(state: State, customer: str) -> int:
    """Show what a person permitted and refused: what, when, under which wording, by which method.

    Of the person's records, and of the contact points that the person has. Exits 1 when the ledger's chain is
    broken: the proof is then none.
    """
    from cercle import db
    from cercle.privacy.report_proof import prove_consent

    with db.connect(state.settings) as connection:
        proof = prove_consent(connection, customer)
    if state.as_json:
        state.show(asdict(proof))
    else:
        columns = [
            "position",
            "occurred_at",
            "type",
            "channel",
            "purpose",
            "method",
            "notice",
            "wording",
            "evidence",
        ]
        rows = [
            [
                said.position, said.occurred_at, said.type, said.channel, said.purpose, said.method,
                f"{said.notice_id} {said.notice_version} ({said.notice_language})" if said.notice_id else None,
                said.wording if said.is_wording_whole else "not the one that was kept" if said.notice_id else None,
                {True: "whole", False: "not found in raw", None: "none"}[said.is_evidence_whole],
            ]
            for said in proof.said
        ]  # fmt: skip
        state.show_table(asdict(proof), columns, rows, title=proof.customer_id)
    if proof.first_break is not None:
        click.echo(f"The ledger's chain breaks at row {proof.first_break}: this proves nothing.", err=True)
        return EXIT_DIFFERENCE
    return EXIT_OK


@click.command(name="register")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there as Markdown.")
@pass_state
def register_command(state: State, out: Path | None) -> None:
    """Write the register of processing (GDPR art. 30) from the policy, notices, contracts and roles."""
    from cercle import db
    from cercle.privacy.register import read_register, register_as_markdown

    with db.connect(state.settings) as connection:
        register = read_register(connection)
    text = register_as_markdown(register)
    if out is None:
        state.show(register, text)
        return
    out.write_text(text, encoding="utf-8")
    state.show({"file": str(out), "activities": len(register["activities"])}, f"Written: {out}")


@click.command(name="figures")
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Days of events.")
@click.option("--until", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="Last moment. [default: now]")
@pass_state
def figures_command(state: State, days: int, until: datetime | None) -> None:
    """Show opt-in rates by channel and purpose, grants without proof, stops by day, requests and their age."""
    from cercle import db
    from cercle.privacy.report_figures import read_figures

    with db.connect(state.settings) as connection:
        figures = read_figures(connection, days, until or datetime.now(UTC))
    if state.as_json:
        state.show(figures)
        return
    for name, rows in figures.items():
        columns = list(rows[0]) if rows else []
        state.show_table(rows, columns, [list(row.values()) for row in rows], title=name)
