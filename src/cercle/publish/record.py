"""What a publication leaves in `ops`: the shapes that a build asks for, those that stand, and what was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from cercle.publish.changes import Changes
from cercle.publish.plan import Plan
from cercle.publish.shape import Mart, marts_from_manifest

__all__ = ["PUBLICATIONS", "keep_shapes", "record_publication"]

# One row per publication, newest first, with the rows that it changed in all relations; takes `limit`.
PUBLICATIONS: LiteralString = """
    select
        publications.publication_id,
        publications.build_id,
        publications.as_of,
        publications.published_at,
        publications.duration_seconds,
        coalesce(sum(changes.inserted_count), 0)::bigint as inserted_count,
        coalesce(sum(changes.updated_count), 0)::bigint as updated_count,
        coalesce(sum(changes.deleted_count), 0)::bigint as deleted_count,
        coalesce(sum(changes.row_count), 0)::bigint as row_count
    from ops.publications
    left join ops.publication_changes as changes on publications.publication_id = changes.publication_id
    group by publications.publication_id
    order by publications.publication_id desc
    limit %(limit)s
"""


def keep_shapes(connection: psycopg.Connection, build_id: int, manifest: Mapping[str, Any]) -> list[Mart]:
    """Keep the shapes of a build's marts in ops.build_marts: the task that publishes may run elsewhere.

    Args:
        connection: autocommit or not; one transaction is used.
        build_id: the running build.
        manifest: dbt's manifest.json of that build.

    Raises:
        CercleError: as `marts_from_manifest`.
    """
    marts = marts_from_manifest(manifest)
    with connection.transaction():
        connection.execute("delete from ops.build_marts")
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into ops.build_marts (build_id, relation, shape) values (%s, %s, %s)",
                [(build_id, mart.relation, json.dumps(mart.as_json())) for mart in marts],
            )
    return marts


def record_publication(
    connection: psycopg.Connection,
    publication_id: int,
    marts: Sequence[Mart],
    plan: Plan,
    changes: Sequence[Changes],
) -> None:
    """Write down the shapes that stand now, and what the publication changed; in its transaction."""
    connection.execute(
        "delete from ops.marts where relation <> all (%s)", ([mart.relation for mart in marts],)
    )
    for mart in marts:
        _record_shape(connection, publication_id, mart)
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.publication_changes (
                publication_id, relation, inserted_count, updated_count, deleted_count, row_count
            )
            values (%s, %s, %s, %s, %s, %s)
            """,
            [
                (publication_id, each.relation, each.inserted, each.updated, each.deleted, each.rows)
                for each in changes
            ],
        )
        cursor.executemany(
            """
            insert into ops.publication_ddl (publication_id, position, relation, statement)
            values (%s, %s, %s, %s)
            """,
            [
                (publication_id, position, statement.relation, statement.text)
                for position, statement in enumerate(plan.statements, start=1)
            ],
        )


def _record_shape(connection: psycopg.Connection, publication_id: int, mart: Mart) -> None:
    is_new = connection.execute(
        """
        insert into ops.marts (relation, model_id, shape, is_history, publication_id)
        values (%s, %s, %s, %s, %s)
        on conflict (relation) do update set
            model_id = excluded.model_id,
            shape = excluded.shape,
            is_history = excluded.is_history,
            publication_id = excluded.publication_id
        where marts.shape <> excluded.shape
        """,
        (mart.relation, mart.model_id, json.dumps(mart.as_json()), mart.is_history, publication_id),
    ).rowcount
    if not is_new:
        return
    connection.execute("delete from ops.mart_columns where relation = %s", (mart.relation,))
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.mart_columns (relation, column_name, position, data_type, tags, entity)
            values (%s, %s, %s, %s, %s, %s)
            """,
            [
                (mart.relation, column.name, position, column.data_type, list(column.tags), column.entity)
                for position, column in enumerate(mart.columns, start=1)
            ],
        )
