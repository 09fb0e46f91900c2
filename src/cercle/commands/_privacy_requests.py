"""`cercle privacy`: requests of persons, their answers, and subject access."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cercle.commands import State, pass_state

__all__ = ["add_commands"]

_KINDS = ("access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal")
_COLUMNS = [
    "request_key",
    "kind",
    "right_article",
    "status",
    "received_at",
    "due_date",
    "days_left",
    "is_late",
    "outcome",
]


@click.command(name="requests")
@click.option("--all", "with_closed", is_flag=True, help="Answered ones too.")
@click.option("--answer", "request_key", help="Record the answer to this request.")
@click.option("--outcome", type=click.Choice(["fulfilled", "refused", "extended"]), help="Of the answer.")
@click.option("--note", help="Of the answer: what was done, or why not; without personal values.")
@click.option("--customer", help="Whose request it is, where identity has linked nobody.")
@pass_state
def requests_command(
    state: State, /, with_closed: bool, request_key: str | None, customer: str | None, **answer: Any
) -> None:
    """List the requests of persons with the last day of their answer, or record an answer.

    One calendar month from the day of receipt in Paris, three when extended; a last day on a weekend or a French
    public holiday rolls to the next working day. A fulfilled restriction, objection or withdrawal takes effect at
    once: it is an event in the ledger.
    """
    from cercle import db
    from cercle.privacy.rights import answer_request, list_requests

    if request_key is not None:
        if not answer["outcome"] or not answer["note"]:
            raise click.UsageError("An answer needs --outcome and --note")
        given = answer_request(state.settings, request_key, answer["outcome"], answer["note"], customer)
        state.show(
            asdict(given),
            f"{given.request_key} ({given.kind}): {given.outcome}, {given.event_count} events in the ledger.",
        )
        return
    with db.connect(state.settings) as connection:
        rows = list_requests(connection, with_closed)
    state.show_table(rows, _COLUMNS, [[row[column] for column in _COLUMNS] for row in rows], title="Requests")


@click.command(name="enter-request")
@click.option("--customer", "customer_id", required=True, help="Who asks (c_…).")
@click.option("--kind", required=True, type=click.Choice(_KINDS))
@click.option("--received-at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="[default: now]")
@click.option("--channel", help="By which it came: letter, phone, store, …")
@pass_state
def enter_request_command(state: State, /, **request: Any) -> None:
    """Enter a request that came by another way than a source, and show its key."""
    from cercle.privacy.rights import enter_request

    key = enter_request(state.settings, **request)
    state.show({"request_key": key}, f"Entered: {key}")


@click.command(name="access")
@click.option("--customer", required=True, help="Customer id (c_…), a retired one too.")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), help="A new folder.")
@pass_state
def access_command(state: State, customer: str, folder: Path) -> None:
    """Write all that is held of a person: access.html to read (French and English), access.json for machines.

    What is held, where it comes from, on what ground, who received it, the history of consent, requests. The folder
    holds personal data in clear, and only you can read it.
    """
    from cercle.privacy.access import read_access, write_access

    access = read_access(state.settings, customer)
    paths = write_access(access, folder)
    payload = {
        "customer_id": access.customer_id,
        "row_count": access.row_count,
        "relation_count": len(access.delivered) + len(access.derived),
        "files": [str(path) for path in paths],
    }
    state.show(
        payload,
        f"{access.row_count} rows of {payload['relation_count']} relations: {', '.join(map(str, paths))}",
    )


def add_commands(group: click.Group) -> None:
    """Add the commands of this module to `cercle privacy`."""
    for command in (requests_command, enter_request_command, access_command):
        group.add_command(command)
