"""Show what was published, and what the next publication would change in the shape of the marts; go back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from cercle.commands import State, pass_state
from cercle.commands._steps import as_payload, build_options, show_steps
from cercle.errors import CercleError

__all__ = ["command"]


@click.group(name="publication")
def command() -> None:
    """Show what was published and what the next publication would change in the shape of the marts; go back."""


@command.command(name="list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many, newest first."
)
@pass_state
def list_publications(state: State, limit: int) -> None:
    """List the publications, newest first: readers see the first one."""
    from psycopg.rows import dict_row

    from cercle import db
    from cercle.publish.record import PUBLICATIONS

    with db.connect(state.settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(PUBLICATIONS, {"limit": limit}).fetchall()
    if not rows and not state.as_json:
        click.echo("Nothing is published yet.")
        return
    columns = list(rows[0]) if rows else []
    state.show_table(rows, columns, [list(row.values()) for row in rows])


@command.command()
@click.argument("publication_id", type=int, metavar="PUBLICATION", required=False)
@pass_state
def show(state: State, publication_id: int | None) -> None:
    """Show the rows that a publication changed in each relation, and its changes of shape; by default the last."""
    from psycopg.rows import dict_row

    from cercle import db

    with db.connect(state.settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        publication = cursor.execute(
            """
            select *
            from ops.publications
            where publication_id = coalesce(%s, (select max(publication_id) from ops.publications))
            """,
            (publication_id,),
        ).fetchone()
        if publication is None:
            raise CercleError("There is no such publication", remedy="See `cercle publication list`")
        found = (publication["publication_id"],)
        changes = cursor.execute(
            """
            select relation, inserted_count, updated_count, deleted_count, row_count
            from ops.publication_changes
            where publication_id = %s
            order by relation
            """,
            found,
        ).fetchall()
        statements = cursor.execute(
            "select relation, statement from ops.publication_ddl where publication_id = %s order by position",
            found,
        ).fetchall()
    payload = {**publication, "changes": changes, "statements": statements}
    title = f"Publication {publication['publication_id']}, as of {publication['as_of']:%Y-%m-%d %H:%M} UTC"
    columns = ("relation", "inserted", "updated", "deleted", "rows")
    state.show_table(payload, columns, [list(row.values()) for row in changes], title=title)
    if not state.as_json:
        for row in statements:
            click.echo(f"{row['statement']};")


@command.command()
@click.argument("publication_id", type=int, metavar="[PUBLICATION]", required=False)
@build_options
@pass_state
def revert(state: State, /, publication_id: int | None, as_of: datetime | None, **options: Any) -> None:
    """Publish again what an earlier publication's deliveries say; by default those of the last but one.

    Deliveries that came later are left out of this one build, but for refusals, objections and requests, which hold.
    The next ordinary build has them again: withdraw the one that was wrong (`cercle check withdraw LOAD`).
    """
    from cercle import flow

    options.pop("full_refresh")  # it always is one
    with show_steps(state) as on_progress:
        report = flow.revert(
            state.settings, publication_id or _last_but_one(state), as_of, on_progress=on_progress, **options
        )
    state.show(as_payload(report))


def _last_but_one(state: State) -> int:
    from cercle import db

    with db.connect(state.settings) as connection:
        row = connection.execute(
            "select publication_id from ops.publications order by publication_id desc offset 1 limit 1"
        ).fetchone()
    if row is None:
        raise CercleError(
            "There is no earlier publication to go back to", remedy="See `cercle publication list`"
        )
    return int(row[0])


@command.command()
@pass_state
def plan(state: State) -> None:
    """Show by which statements the next publication would change the shape of the marts; changes nothing.

    dbt reads the project as it stands now, so a change of a model can be looked at before anything is built.
    """
    from cercle import db, dbt_runner
    from cercle.publish import marts_from_manifest, plan_publication

    with state.progress("Reading the project"):
        dbt_runner.run_dbt(state.settings, "parse")
    marts = marts_from_manifest(dbt_runner.read_manifest(state.settings))
    with db.connect(state.settings, autocommit=True) as connection:
        found = plan_publication(connection, marts)
    payload = {
        "statements": [
            {
                "relation": each.relation,
                "statement": each.text,
                "keeps_readers_out": each.is_exclusive,
                "loses": each.loses,
            }
            for each in found.statements
        ],
        "losses": found.losses,
        "blocked": found.blocked,
        "needs_allow_drop": bool(found.losses),
    }
    lines = [f"{each.text};" for each in found.statements]
    if found.exclusive_relations:
        lines.append(f"-- Readers of {', '.join(found.exclusive_relations)} wait while it is published.")
    lines += [f"-- Loses: {sentence} It needs --allow-drop." for sentence in found.losses]
    lines += [f"-- Cannot run: {sentence}" for sentence in found.blocked]
    state.show(payload, "\n".join(lines) or "The marts have the shape of the models already.")
