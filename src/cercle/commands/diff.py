"""Compare the marts of two warehouses, whatever names they gave their customers."""

from __future__ import annotations

import dataclasses

import click

from cercle.commands import State
from cercle.errors import EXIT_DIFFERENCE

__all__ = ["command"]

SHOWN_IN_TEXT = 5


@click.command(name="diff")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.pass_context
def command(ctx: click.Context, left: str, right: str) -> None:
    """Compare what the warehouses A and B have published; exit code 1 when they differ.

    A and B are addresses (postgresql://…) or names of databases on the server of this installation. Ids of
    customers, conversations and households are renamed one to one; columns tagged run_metadata and relations
    tagged history are left out. Five rows of each relation that differs are named, twenty with --json.
    """
    from cercle.diff import diff_warehouses

    state = ctx.ensure_object(State)
    with state.progress("Comparing"):
        found = diff_warehouses(state.settings, left, right)
    if state.as_json:
        state.show({"is_same": found.is_same, **dataclasses.asdict(found)})
    else:
        _show(state, found)
    if not found.is_same:
        ctx.exit(EXIT_DIFFERENCE)


def _show(state: State, found: object) -> None:
    from cercle.diff import WarehouseDiff

    assert isinstance(found, WarehouseDiff)
    if found.is_same:
        rows = sum(relation.left_rows or 0 for relation in found.relations)
        click.echo(f"The same: {len(found.relations)} relations, {rows} rows.")
        return
    if found.left_as_of != found.right_as_of:
        click.echo(f"Built as of different moments: A {found.left_as_of}, B {found.right_as_of}.")
    if found.has_one_secret is False:
        click.echo(
            "A and B have different secrets for pseudonyms (CERCLE_HMAC_KEYS), so all their keys differ."
        )
    differing = [relation for relation in found.relations if not relation.is_same]
    columns = ("relation", "rows A", "rows B", "only in A", "only in B", "differ")
    state.show_table(
        None,
        columns,
        [
            (each.relation, each.left_rows, each.right_rows, each.only_left, each.only_right, each.changed)
            for each in differing
        ],
    )
    for relation in differing:
        for sentence in relation.shape:
            click.echo(f"{relation.relation}: {sentence}")
        for example in relation.examples[:SHOWN_IN_TEXT]:
            key = ", ".join(f"{name} {value}" for name, value in example.key.items())
            differ = f": {', '.join(example.columns)}" if example.columns else ""
            click.echo(f"{relation.relation}: {example.kind}: {key}{differ}")
    same = len(found.relations) - len(differing)
    click.echo(f"{len(differing)} relations differ, {same} are the same.")
