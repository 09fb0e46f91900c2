"""Reads the database's own catalogue back: who can read what, whatever was granted by whom.

What is looked at is what PostgreSQL would let a role do, through any membership, not what somebody meant to grant.
Every account of the server counts, not cercle's roles alone; superusers and the owner of a relation cannot be kept out.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg

from cercle.privacy.roles import MASK_COMMENT, MASKED_SUFFIX, ROLES, ROW_RULES, SCHEMAS, View

__all__ = ["APPEND_ONLY", "find_faults"]

# Tables of some schemas whose trigger refuses a change, quoted, and whether it refuses updates (bit 16 of tgtype) too.
APPEND_ONLY: LiteralString = """
select
    pg_class.oid::regclass::text,
    bool_or(pg_trigger.tgtype & 16 > 0)
from pg_trigger
inner join pg_class on pg_trigger.tgrelid = pg_class.oid
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_trigger.tgfoid = 'privacy.refuse_change()'::regprocedure and pg_namespace.nspname = any(%s)
group by pg_class.oid
"""


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
        _POWERS,
        _APPEND_ONLY_RIGHTS,
        _MARTS,
        _OTHER_SCHEMAS,
        _STRANGERS,
        _MASKS,
        _ROW_RULES,
        _FUNCTIONS,
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


# A role of ours is a group: it logs in nowhere, may make nothing, and is a member of nothing.
_POWERS: LiteralString = """
select 'role ' || rolname || ' has powers beyond its grants'
from pg_roles
where rolname = any(%(roles)s)
    and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolcanlogin)

union all

select 'role ' || members.rolname || ' is a member of ' || groups.rolname
from pg_auth_members
inner join pg_roles as members on pg_auth_members.member = members.oid
inner join pg_roles as groups on pg_auth_members.roleid = groups.oid
where members.rolname = any(%(roles)s)
"""

# Append-only by trigger and by grant.
_APPEND_ONLY_RIGHTS: LiteralString = """
select 'role ' || roles.role_name || ' can change ' || pg_trigger.tgrelid::regclass
from pg_trigger
cross join unnest(%(roles)s::text[]) as roles (role_name)
where pg_trigger.tgfoid = 'privacy.refuse_change()'::regprocedure
    and (
        has_table_privilege(roles.role_name, pg_trigger.tgrelid, 'delete')
        or has_table_privilege(roles.role_name, pg_trigger.tgrelid, 'truncate')
        or (pg_trigger.tgtype & 16 > 0 and has_table_privilege(roles.role_name, pg_trigger.tgrelid, 'update'))
    )
"""

# Each role, mart and column: readable when it is to be, and not otherwise.
_MARTS: LiteralString = """
with

columns as (
    select
        mart_columns.relation,
        mart_columns.column_name,
        'personal' = any(mart_columns.tags) as is_personal,
        format('marts.%%I', mart_columns.relation) as table_name
    from ops.mart_columns
),

judged as (
    select
        roles.role_name,
        columns.relation,
        columns.column_name,
        wanted.role_name is not null and (wanted.is_clear or not columns.is_personal) as is_wanted,
        has_column_privilege(roles.role_name, columns.table_name, columns.column_name, 'select') as is_readable,
        columns.is_personal
    from columns
    cross join unnest(%(roles)s::text[]) as roles (role_name)
    left join pg_temp.access_wanted as wanted
        on roles.role_name = wanted.role_name and columns.relation = wanted.relation
)

select
    'role ' || role_name || case when is_readable then ' can read ' else ' cannot read ' end
    || 'marts.' || relation || '.' || column_name
from judged
where is_wanted <> is_readable
"""

# The schemas beside marts: read whole by the roles that are to, by no other role of ours.
_OTHER_SCHEMAS: LiteralString = """
with

allowed as (
    select *
    from unnest(%(allowed_roles)s::text[], %(allowed_schemas)s::text[], %(allowed_relations)s::text[])
        as rights (role_name, schema_name, relation)
),

relations as (
    select
        pg_class.oid,
        pg_namespace.nspname as schema_name,
        pg_class.relname as relation,
        pg_class.relkind
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where pg_namespace.nspname = any(%(schemas)s)
        and pg_namespace.nspname <> 'marts'
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
),

judged as (
    select
        roles.role_name,
        relations.schema_name,
        relations.relation,
        allowed.role_name is not null as is_wanted,
        has_any_column_privilege(roles.role_name, relations.oid, 'select, insert, update') as is_readable
    from relations
    cross join unnest(%(roles)s::text[]) as roles (role_name)
    left join allowed
        on roles.role_name = allowed.role_name
        and relations.schema_name = allowed.schema_name
        and allowed.relation in ('*', relations.relation)
)

select 'role ' || role_name || ' can read ' || schema_name || '.' || relation
from judged
where is_readable and not is_wanted

union all

select 'role ' || role_name || ' cannot read ' || schema_name || '.' || relation
from judged
where is_wanted and not is_readable and schema_name in ('raw', 'identity', 'privacy', 'ops')
"""

# Any other account of the server, by whatever way: a personal column of marts, or anything of the schemas behind it.
_STRANGERS: LiteralString = """
with

ours as (
    select
        oid,
        rolname
    from pg_roles
    where rolname = any(%(roles)s)
),

strangers as (
    select
        oid,
        rolname
    from pg_roles
    where not rolsuper and rolname not like 'pg\\_%%' and rolname <> all(%(roles)s)
),

relations as (
    select
        pg_class.oid,
        pg_class.relowner,
        pg_namespace.nspname as schema_name,
        pg_class.relname as relation
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where pg_namespace.nspname = any(%(schemas)s) and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
),

personal as (
    select
        relations.oid,
        relations.relowner,
        mart_columns.relation,
        mart_columns.column_name
    from ops.mart_columns
    inner join relations on relations.schema_name = 'marts' and mart_columns.relation = relations.relation
    where 'personal' = any(mart_columns.tags)
)

select 'account ' || strangers.rolname || ' can read marts.' || personal.relation || '.' || personal.column_name
from strangers
cross join personal
where has_column_privilege(strangers.oid, personal.oid, personal.column_name, 'select')
    and not pg_has_role(strangers.oid, personal.relowner, 'member')
    and not exists (
        select 1
        from ours
        inner join pg_temp.access_wanted as wanted on ours.rolname = wanted.role_name
        where wanted.relation = personal.relation
            and wanted.is_clear
            and pg_has_role(strangers.oid, ours.oid, 'member')
    )

union all

select 'account ' || strangers.rolname || ' can read ' || relations.schema_name || '.' || relations.relation
from strangers
cross join relations
where relations.schema_name <> 'marts'
    and has_any_column_privilege(strangers.oid, relations.oid, 'select')
    and not pg_has_role(strangers.oid, relations.relowner, 'member')
    and not exists (
        select 1
        from ours
        inner join
            unnest(%(allowed_roles)s::text[], %(allowed_schemas)s::text[], %(allowed_relations)s::text[])
                as rights (role_name, schema_name, relation)
            on ours.rolname = rights.role_name
        where rights.schema_name = relations.schema_name
            and rights.relation in ('*', relations.relation)
            and pg_has_role(strangers.oid, ours.oid, 'member')
    )
"""

# A mask has all columns of its mart, and depends on none that is personal.
_MASKS: LiteralString = """
with

masked as (
    select
        mart_columns.relation,
        array_agg(mart_columns.column_name order by mart_columns.position) as column_names
    from ops.mart_columns
    where exists (
        select 1
        from ops.mart_columns as personal
        where personal.relation = mart_columns.relation and 'personal' = any(personal.tags)
    )
    group by mart_columns.relation
),

views as (
    select
        masked.relation,
        masked.column_names,
        pg_class.oid
    from masked
    left join pg_class
        on pg_class.relnamespace = 'marts'::regnamespace
        and pg_class.relname = masked.relation || %(suffix)s
        and pg_class.relkind = 'v'
        and obj_description(pg_class.oid, 'pg_class') like %(mask_comment)s
)

select 'mask marts.' || relation || %(suffix)s || ' is missing'
from views
where oid is null

union all

select 'mask marts.' || relation || %(suffix)s || ' has other columns than its mart'
from views
where oid is not null
    and column_names <> array(
        select attname::text
        from pg_attribute
        where attrelid = views.oid and attnum > 0 and not attisdropped
        order by attnum
    )

union all

select 'mask marts.' || views.relation || %(suffix)s || ' shows ' || pg_attribute.attname
from views
inner join pg_rewrite on views.oid = pg_rewrite.ev_class
inner join pg_depend on pg_rewrite.oid = pg_depend.objid and pg_depend.classid = 'pg_rewrite'::regclass
inner join pg_attribute
    on pg_depend.refobjid = pg_attribute.attrelid
    and pg_depend.refobjsubid = pg_attribute.attnum
    and pg_depend.refclassid = 'pg_class'::regclass
inner join ops.mart_columns as personal
    on pg_attribute.attrelid = to_regclass(format('marts.%%I', personal.relation))
    and pg_attribute.attname = personal.column_name
    and 'personal' = any(personal.tags)
"""

# Row security stands, with the very rules that were made, and no other.
_ROW_RULES: LiteralString = """
with

protected as (
    select
        pg_class.oid,
        pg_class.relname::text as relation,
        pg_class.relrowsecurity
    from pg_class
    inner join ops.marts on pg_class.relname = marts.relation
    where pg_class.relnamespace = 'marts'::regnamespace and pg_class.relname = any(%(row_relations)s)
),

policies as (
    select
        protected.relation,
        pg_policy.polname::text as policy,
        md5(pg_get_expr(pg_policy.polqual, pg_policy.polrelid)) as digest,
        obj_description(pg_policy.oid, 'pg_policy') as kept_digest,
        pg_policy.polpermissive and pg_policy.polroles = array[pg_roles.oid] as is_as_made
    from protected
    inner join pg_policy on protected.oid = pg_policy.polrelid
    left join pg_roles on pg_policy.polname = pg_roles.rolname
)

select 'row security of marts.' || relation || ' is off'
from protected
where not relrowsecurity

union all

select 'row rule ' || wanted.role_name || ' of marts.' || wanted.relation || ' is missing'
from pg_temp.access_wanted as wanted
inner join protected on wanted.relation = protected.relation
left join policies on wanted.relation = policies.relation and wanted.role_name = policies.policy
where policies.policy is null

union all

select 'row rule ' || policies.policy || ' of marts.' || policies.relation || ' is not the one that was made'
from policies
left join pg_temp.access_wanted as wanted
    on policies.relation = wanted.relation and policies.policy = wanted.role_name
where wanted.role_name is null
    or policies.digest is distinct from policies.kept_digest
    or policies.is_as_made is distinct from true
"""

# A function with its owner's rights would be a way around all of it.
_FUNCTIONS: LiteralString = """
select 'function ' || pg_namespace.nspname || '.' || pg_proc.proname || ' has its owner''s rights'
from pg_proc
inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
where pg_namespace.nspname = any(%(schemas)s) and pg_proc.prosecdef
"""
