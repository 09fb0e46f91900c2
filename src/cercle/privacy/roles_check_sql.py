"""SQL of `cercle.privacy.roles_check`: what cercle's roles, masks and row rules are; each statement returns faults."""

from __future__ import annotations

from typing import LiteralString

__all__ = [
    "APPEND_ONLY",
    "APPEND_ONLY_RIGHTS",
    "MARTS",
    "MASKS",
    "OTHER_SCHEMAS",
    "POWERS",
    "ROW_RULES",
]

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

# A role of ours is a group: it logs in nowhere, may make nothing, and is a member of nothing.
POWERS: LiteralString = """
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
APPEND_ONLY_RIGHTS: LiteralString = """
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
MARTS: LiteralString = """
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
OTHER_SCHEMAS: LiteralString = """
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

# A mask has all columns of its mart, and depends on none that is personal.
MASKS: LiteralString = """
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
ROW_RULES: LiteralString = """
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
