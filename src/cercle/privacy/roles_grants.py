"""Makes the roles, and gives each what `cercle.privacy.roles` says: grants, row security, masked views."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from cercle.errors import CercleError
from cercle.privacy.roles import (
    MASK_COMMENT,
    MASKED_SUFFIX,
    ROLES,
    ROW_RULES,
    SCHEMAS,
    Role,
    View,
)
from cercle.privacy.roles_check import find_faults
from cercle.privacy.roles_check_sql import APPEND_ONLY

__all__ = ["apply_access", "drop_dependents", "make_roles"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Mart:
    relation: str
    columns: tuple[str, ...]
    personal: frozenset[str]
    types: tuple[str, ...]

    @property
    def harmless(self) -> list[str]:
        return [column for column in self.columns if column not in self.personal]


def make_roles(connection: psycopg.Connection) -> list[str]:
    """Make the roles that this server lacks, give each its rights in this database, and read all back.

    Doing it again changes nothing. Roles belong to the whole server, rights to this database.

    Args:
        connection: of an account that may make roles and owns cercle's schemas; it is committed.

    Returns:
        Names of the roles that were new on this server.

    Raises:
        CercleError: the account may not make roles, or something can be read that must not be.
    """
    known = {name for (name,) in connection.execute("select rolname from pg_roles").fetchall()}
    made = []
    with connection.transaction():
        for role in ROLES:
            if role.name not in known:
                try:
                    connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role.name)))
                except errors.InsufficientPrivilege:
                    raise CercleError(
                        f"This account may not make the role {role.name}",
                        where=connection.info.user,
                        remedy=f"As an administrator: create role {role.name} nologin; for each role of docs/access.md",
                    ) from None
                made.append(role.name)
            connection.execute(
                """
                insert into ops.access_roles (role_name, description) values (%s, %s)
                on conflict (role_name) do update set description = excluded.description
                """,
                (role.name, role.description),
            )
        apply_access(connection)
    return made


def apply_access(connection: psycopg.Connection) -> bool:
    """Give the roles what they are to have, and read it back; does nothing where `cercle db roles` was never run.

    Args:
        connection: inside the transaction that changes what can be read: nothing is committed here.

    Returns:
        Whether anything had to change.

    Raises:
        CercleError: after it a role can still read what it must not, or lacks what it needs.
    """
    row = connection.execute("select count(*) from ops.access_roles").fetchone()
    if row is None or row[0] == 0:
        return False
    standing = find_faults(connection)
    if not standing:
        return False
    _log.warning("What can be read is set right: %s", "; ".join(standing[:5]))
    _shut(connection)
    for role in ROLES:
        _open_schemas(connection, role)
    for mart in _marts(connection):
        _mask(connection, mart)
        _protect_rows(connection, mart)
        for role in ROLES:
            _grant(connection, role, mart)
    faults = find_faults(connection)
    if faults:
        raise CercleError(
            f"What can be read is not what may be read: {'; '.join(faults[:5])}"
            + (f"; and {len(faults) - 5} more" if len(faults) > 5 else ""),
            where="access",
            remedy="docs/access.md says who may read what; `cercle db roles --check` lists all",
        )
    return True


def drop_dependents(connection: psycopg.Connection, relations: Iterable[str]) -> None:
    """Drop masks and row rules of marts whose shape is about to change: `apply_access` makes them anew.

    Args:
        connection: inside the publication's transaction.
        relations: of marts.

    Raises:
        CercleError: somebody's own view stands on a mask.
    """
    changed = set(relations)
    if changed & {"contactability", "customer_identifiers"}:
        changed |= {"contactability", "customer_identifiers"}  # the rows of one follow from the other
    for relation in sorted(changed):
        try:
            connection.execute(
                sql.SQL("drop view if exists marts.{}").format(sql.Identifier(relation + MASKED_SUFFIX))
            )
        except errors.DependentObjectsStillExist:
            raise CercleError(
                f"Nothing was published: marts.{relation} changes its shape, and views of your own stand on its mask",
                where=f"marts.{relation}{MASKED_SUFFIX}",
                remedy="Drop those views, run again, and make them anew",
            ) from None
        _drop_row_rules(connection, relation)


def _shut(connection: psycopg.Connection) -> None:
    """Take all rights of the roles and of everybody away: what is granted afterwards is all there is.

    An owner keeps the rights to what it made: a builder without them could not fill its own tables.
    """
    for schema in SCHEMAS:
        for grantee in ("public", *(role.name for role in ROLES)):
            name = sql.SQL("public") if grantee == "public" else sql.Identifier(grantee)
            for kind, objects in _owned(connection, schema, besides=grantee).items():
                connection.execute(
                    sql.SQL("revoke all on {} {} from {}").format(sql.SQL(kind), _listed(objects), name)
                )


def _open_schemas(connection: psycopg.Connection, role: Role) -> None:
    name = sql.Identifier(role.name)
    reads = {*role.schemas, *role.writes, *role.makes}
    reads |= {relation.partition(".")[0] for relation in role.relations}
    if role.every_mart or role.marts:
        reads.add("marts")
    for schema in sorted(reads):
        owned = _owned(connection, schema)
        rights: dict[str, str] = {}
        if schema in (*role.schemas, *role.writes):
            rights = {
                "table": "select, insert, update, delete" if schema in role.writes else "select",
                "function": "execute",
            }
        rights["schema"] = "usage, create" if schema in role.makes else "usage"
        for kind, right in rights.items():
            if owned.get(kind):
                connection.execute(
                    sql.SQL("grant {} on {} {} to {}").format(
                        sql.SQL(right), sql.SQL(kind), _listed(owned[kind]), name
                    )
                )
    _refuse_changes(connection, role)
    for relation in role.relations:
        schema, _, table = relation.partition(".")
        if relation in _owned(connection, schema).get("table", []):
            connection.execute(
                sql.SQL("grant select on {} to {}").format(sql.Identifier(schema, table), name)
            )


def _refuse_changes(connection: psycopg.Connection, role: Role) -> None:
    """Take the right to change append-only tables away from a role that writes their schema."""
    owned = {table for schema in role.writes for table in _owned(connection, schema).get("table", [])}
    for table, is_update_refused in connection.execute(APPEND_ONLY, (list(role.writes),)).fetchall():
        if table in owned:
            rights = "update, delete, truncate" if is_update_refused else "delete, truncate"
            connection.execute(
                sql.SQL("revoke {} on {} from {}").format(
                    sql.SQL(rights), sql.SQL(table), sql.Identifier(role.name)
                )
            )


def _owned(connection: psycopg.Connection, schema: str, besides: str = "") -> dict[str, list[str]]:
    """Return the schema and what is in it, by kind, as far as this account owns it and the role `besides` does not.

    A builder owns what it makes, and may grant on nothing else; what it may not set right is read back all the same.
    """
    rows = connection.execute(
        """
        select
            case pg_class.relkind when 'S' then 'sequence' else 'table' end as kind,
            format('%%I.%%I', pg_namespace.nspname, pg_class.relname) as name
        from pg_class
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_namespace.nspname = %(schema)s
            and pg_class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
            and pg_has_role(pg_class.relowner, 'usage')
            and pg_class.relowner::regrole::text <> %(besides)s

        union all

        select
            'function',
            pg_proc.oid::regprocedure::text
        from pg_proc
        inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
        where pg_namespace.nspname = %(schema)s
            and pg_proc.prokind = 'f'
            and pg_has_role(pg_proc.proowner, 'usage')
            and pg_proc.proowner::regrole::text <> %(besides)s

        union all

        select
            'schema',
            quote_ident(nspname)
        from pg_namespace
        where nspname = %(schema)s and pg_has_role(nspowner, 'usage') and nspowner::regrole::text <> %(besides)s
        """,
        {"schema": schema, "besides": besides},
    ).fetchall()
    owned: dict[str, list[str]] = {}
    for kind, name in rows:
        owned.setdefault(kind, []).append(name)
    return owned


def _listed(objects: Iterable[str]) -> sql.Composed:
    """Return quoted names as the catalogue gives them, one after the other."""
    return sql.SQL(", ").join(sql.SQL(name) for name in objects)


def _marts(connection: psycopg.Connection) -> list[_Mart]:
    rows = connection.execute(
        """
        select
            relation,
            array_agg(column_name order by position),
            coalesce(array_agg(column_name) filter (where 'personal' = any(tags)), '{}'),
            array_agg(data_type order by position)
        from ops.mart_columns
        group by relation
        order by relation
        """
    ).fetchall()
    return [
        _Mart(relation, tuple(columns), frozenset(personal), tuple(types))
        for relation, columns, personal, types in rows
    ]


def _mask(connection: psycopg.Connection, mart: _Mart) -> None:
    """Make the masked view of a mart. It does not even name a personal column, so the catalogue proves the mask."""
    if not mart.personal:
        return
    columns = sql.SQL(", ").join(
        sql.SQL("{} as {}").format(
            sql.SQL("'…'::text" if data_type == "text" else "null::" + data_type)
            if column in mart.personal
            else sql.Identifier(column),
            sql.Identifier(column),
        )
        for column, data_type in zip(mart.columns, mart.types, strict=True)
    )
    view = sql.Identifier("marts", mart.relation + MASKED_SUFFIX)
    connection.execute(
        sql.SQL("create or replace view {} with (security_barrier) as select {} from marts.{}").format(
            view, columns, sql.Identifier(mart.relation)
        )
    )
    connection.execute(
        sql.SQL("comment on view {} is {}").format(
            view, sql.Literal(f"{MASK_COMMENT} {mart.relation} without its personal values.")
        )
    )


def _protect_rows(connection: psycopg.Connection, mart: _Mart) -> None:
    rules = ROW_RULES.get(mart.relation)
    if rules is None:
        return
    _drop_row_rules(connection, mart.relation)
    table = sql.Identifier("marts", mart.relation)
    connection.execute(sql.SQL("alter table {} enable row level security").format(table))
    for role in ROLES:
        if role.view_of(mart.relation) is None:
            continue
        policy = sql.Identifier(role.name)
        command = "all" if "marts" in role.writes else "select"
        connection.execute(
            sql.SQL("create policy {} on {} for {} to {} using ({})").format(
                policy,
                table,
                sql.SQL(command),
                sql.Identifier(role.name),
                sql.SQL(rules.get(role.name, "true")),
            )
        )
        row = connection.execute(
            "select md5(qual) from pg_policies where schemaname = 'marts' and tablename = %s and policyname = %s",
            (mart.relation, role.name),
        ).fetchone()
        connection.execute(
            sql.SQL("comment on policy {} on {} is {}").format(
                policy, table, sql.Literal(row[0] if row else "")
            )
        )


def _drop_row_rules(connection: psycopg.Connection, relation: str) -> None:
    for (policy,) in connection.execute(
        "select policyname from pg_policies where schemaname = 'marts' and tablename = %s", (relation,)
    ).fetchall():
        if policy in {role.name for role in ROLES}:
            connection.execute(
                sql.SQL("drop policy {} on marts.{}").format(sql.Identifier(policy), sql.Identifier(relation))
            )


def _grant(connection: psycopg.Connection, role: Role, mart: _Mart) -> None:
    view = role.view_of(mart.relation)
    if view is None:
        return
    table, name = sql.Identifier("marts", mart.relation), sql.Identifier(role.name)
    if view is View.CLEAR or not mart.personal:
        connection.execute(sql.SQL("grant select on {} to {}").format(table, name))
    else:
        columns = sql.SQL(", ").join(map(sql.Identifier, mart.harmless))
        connection.execute(sql.SQL("grant select ({}) on {} to {}").format(columns, table, name))
        masked = sql.Identifier("marts", mart.relation + MASKED_SUFFIX)
        connection.execute(sql.SQL("grant select on {} to {}").format(masked, name))
