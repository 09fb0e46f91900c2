"""Show one customer: identity (masked), contacts on all channels, orders, consent."""

from __future__ import annotations

from pathlib import Path

import click

from cercle.commands import State, pass_state

__all__ = ["command"]


@click.command(name="customer")
@click.argument("customer_id")
@click.option(
    "--html",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page here; it needs no network and holds no clear contact point.",
)
@pass_state
def command(state: State, customer_id: str, target: Path | None) -> None:
    """Show one customer of the last publication. A retired id shows its successor."""
    from cercle import db, report

    with db.connect(state.settings, application_name="cercle customer") as connection:
        page = report.read_customer(connection, customer_id)
    payload = {
        "customer": page.customer,
        "identifiers": page.identifiers,
        "interactions": page.interactions,
        "orders": page.orders,
        "decisions": page.decisions,
    }
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(report.render_customer(page), encoding="utf-8")
        state.show({**payload, "html": target}, f"Written: {target}")
        return
    if state.as_json:
        state.show(payload)
        return
    lines = [f"{name}: {value}" for name, value in page.customer.items() if value is not None]
    lines.append(f"channels: {', '.join(page.grid)}")
    state.show(payload, "\n".join(lines))
