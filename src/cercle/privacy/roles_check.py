"""Reads the database's own catalogue back: who can read what, whatever was granted by whom.

What is looked at is what PostgreSQL would let a role do, through any membership, not what somebody meant to grant.
Every account of the server counts, not cercle's roles alone; superusers and the owner of a relation cannot be kept out.
"""

from __future__ import annotations

import psycopg

from cercle.privacy import roles_check_sql as check_sql
from cercle.privacy import roles_detours_sql as detours_sql
from cercle.privacy.roles import MASK_COMMENT, MASKED_SUFFIX, ROLES, ROW_RULES, SCHEMAS, View

__all__ = ["find_faults"]


def find_faults(connection: psycopg.Connection) -> list[str]:
    """Return what stands in the catalogue and must not, or lacks; an empty list is the wanted state.

    Args:
        connection: reads alone.

    Returns:
        Sentences with names of roles, relations and columns, never a value.
    """
    missing = connection.execute(
        "select name from unnest(%s::text[]) as name where not exists (select 1 from pg_roles where rolname = name)",
        ([role.name for role in ROLES],),
    ).fetchall()
    if missing:
        return [f"role {name} does not exist" for (name,) in missing]
    connection.execute("drop table if exists pg_temp.access_wanted")
    connection.execute(
        "create temporary table access_wanted (role_name text, relation text, is_clear boolean) on commit drop"
    )
    relations = [
        relation
        for (relation,) in connection.execute("select relation from ops.marts order by relation").fetchall()
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pg_temp.access_wanted values (%s, %s, %s)",
            [
                (role.name, relation, view is View.CLEAR)
                for role in ROLES
                for relation in relations
                if (view := role.view_of(relation)) is not None
            ],
        )
    names = {
        "roles": [role.name for role in ROLES],
        "schemas": list(SCHEMAS),
        "suffix": MASKED_SUFFIX,
        "mask_comment": f"{MASK_COMMENT}%",
        "row_relations": list(ROW_RULES),
    }
    faults = []
    for query in (
        check_sql.POWERS,
        check_sql.APPEND_ONLY_RIGHTS,
        check_sql.MARTS,
        check_sql.OTHER_SCHEMAS,
        detours_sql.STRANGERS,
        check_sql.MASKS,
        check_sql.ROW_RULES,
        detours_sql.FUNCTIONS,
        detours_sql.VIEWS,
        detours_sql.SERVER_FILES,
    ):
        faults += [str(fault) for (fault,) in connection.execute(query, {**names, **_allowed()}).fetchall()]
    return faults


def _allowed() -> dict[str, list[str]]:
    """Which role may read which schema (whole: relation *) or relation, as three lists side by side."""
    rows = [(role.name, schema, "*") for role in ROLES for schema in (*role.schemas, *role.writes)]
    for role in ROLES:
        for name in role.relations:
            schema, _, relation = name.partition(".")
            rows.append((role.name, schema, relation))
    return {
        "allowed_roles": [role for role, _, _ in rows],
        "allowed_schemas": [schema for _, schema, _ in rows],
        "allowed_relations": [relation for _, _, relation in rows],
    }
