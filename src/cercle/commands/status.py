"""Show what was loaded, built and published last, and what waits."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cercle.commands import State, pass_state

__all__ = ["command"]

# Each answer stands alone: a database that is not migrated, or an older one, still shows the rest.
_QUESTIONS = {
    "publication": (
        "ops.publications",
        """
        select publication_id, build_id, as_of, published_at, duration_seconds
        from ops.publications
        order by publication_id desc
        limit 1
        """,
    ),
    "build": (
        "ops.builds",
        """
        select build_id, state, as_of, started_at, finished_at
        from ops.builds
        order by build_id desc
        limit 1
        """,
    ),
    "loads": (
        "ops.loads",
        """
        select
            source,
            entity,
            count(*) as load_count,
            max(loaded_at) as last_loaded_at,
            sum(stored_count)::bigint as stored_count,
            sum(known_count)::bigint as known_count,
            sum(rejected_count)::bigint as rejected_count,
            sum(suppressed_count)::bigint as suppressed_count,
            count(*) filter (where state = 'loaded') as unchecked_count,
            count(*) filter (where state = 'quarantined') as quarantined_count
        from ops.loads
        group by source, entity
        order by source, entity
        """,
    ),
}


@click.command(name="status")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the page of operations there: sources, layers, checks, requests, alerts. It needs no network.",
)
@pass_state
def command(state: State, html_file: Path | None) -> None:
    """Show what was loaded, built and published last, and what waits."""
    from cercle import db

    if html_file is not None:
        _write_page(state, html_file)
        return
    with db.connect(state.settings) as connection:
        found = {name: _ask(connection, relation, query) for name, (relation, query) in _QUESTIONS.items()}
        pending = [migration.label for migration in db.pending_migrations(connection)]
    payload = {
        "publication": next(iter(found["publication"]), None),
        "build": next(iter(found["build"]), None),
        "loads": found["loads"],
        "pending_migrations": pending,
    }
    if state.as_json:
        state.show(payload)
        return
    for line in _sentences(payload):
        click.echo(line)
    if found["loads"]:
        columns = list(found["loads"][0])
        state.show_table(payload, columns, [list(row.values()) for row in found["loads"]], title="Loads")


def _write_page(state: State, html_file: Path) -> None:
    from cercle import db
    from cercle.report.operations import read_operations, render_operations

    with db.connect(state.settings) as connection:
        html_file.write_text(render_operations(read_operations(connection)), encoding="utf-8")
    state.show({"html": html_file}, f"Written: {html_file}")


def _ask(connection: Any, relation: str, query: str) -> list[dict[str, Any]]:
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        there = cursor.execute("select to_regclass(%s) is not null as it", (relation,)).fetchone()
        return list(cursor.execute(query)) if there["it"] else []


def _sentences(payload: dict[str, Any]) -> list[str]:
    lines = []
    if payload["pending_migrations"]:
        lines.append(f"Migrations to apply (cercle db migrate): {', '.join(payload['pending_migrations'])}.")
    publication, build = payload["publication"], payload["build"]
    if publication:
        number, published_at, as_of = (
            publication[name] for name in ("publication_id", "published_at", "as_of")
        )
        lines.append(f"Publication {number} of {_minute(published_at)}, as of {_minute(as_of)}.")
    else:
        lines.append("Nothing is published yet.")
    if build and (not publication or build["build_id"] != publication["build_id"]):
        lines.append(f"Build {build['build_id']} since {_minute(build['started_at'])}: {build['state']}.")
    if not payload["loads"]:
        lines.append("Nothing is loaded yet.")
    return lines


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
