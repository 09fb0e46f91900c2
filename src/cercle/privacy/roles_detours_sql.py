"""SQL of `cercle.privacy.roles_check`: ways around the roles, whoever made them; each statement returns faults."""

from __future__ import annotations

from typing import LiteralString

__all__ = ["FUNCTIONS", "SERVER_FILES", "STRANGERS", "VIEWS"]

# Any other account of the server, by whatever way: a personal column of marts, or anything of the schemas behind it.
STRANGERS: LiteralString = """
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

# A function with its owner's rights would be a way around all of it, wherever it stands.
FUNCTIONS: LiteralString = """
select 'function ' || pg_namespace.nspname || '.' || pg_proc.proname || ' has its owner''s rights'
from pg_proc
inner join pg_namespace on pg_proc.pronamespace = pg_namespace.oid
where pg_proc.prosecdef
    and (
        pg_namespace.nspname = any(%(schemas)s)
        or (
            pg_namespace.nspname not like 'pg\\_%%'
            and pg_namespace.nspname <> 'information_schema'
            and has_schema_privilege(pg_proc.proowner, 'raw', 'usage')
            and exists (
                select 1
                from unnest(%(roles)s::text[]) as roles (role_name)
                where has_function_privilege(roles.role_name, pg_proc.oid, 'execute')
            )
        )
    )
"""

# So would a view of somebody's own: it too reads with its owner's rights, unless it says otherwise.
VIEWS: LiteralString = """
with recursive

hidden_columns as (
    select
        to_regclass(format('marts.%%I', mart_columns.relation)) as relation_id,
        pg_attribute.attnum as column_number
    from ops.mart_columns
    inner join pg_attribute
        on to_regclass(format('marts.%%I', mart_columns.relation)) = pg_attribute.attrelid
        and mart_columns.column_name = pg_attribute.attname
    where 'personal' = any(mart_columns.tags)
),

hidden_relations as (
    select pg_class.oid as relation_id
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where pg_namespace.nspname = any(%(schemas)s) and pg_namespace.nspname <> 'marts'
),

views as (
    select
        pg_class.oid as view_id,
        pg_namespace.nspname || '.' || pg_class.relname as view_name,
        pg_class.relowner,
        pg_depend.refobjid as relation_id,
        pg_depend.refobjsubid as column_number
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    inner join pg_rewrite on pg_class.oid = pg_rewrite.ev_class
    inner join pg_depend
        on pg_rewrite.oid = pg_depend.objid
        and pg_depend.classid = 'pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_class'::regclass
        and pg_depend.refobjid <> pg_class.oid
    where pg_class.relkind in ('v', 'm')
        and (pg_namespace.nspname <> all(%(schemas)s) or pg_namespace.nspname = 'marts')
        and not coalesce('security_invoker=true' = any(pg_class.reloptions), false)
),

shown as (
    select
        views.view_id,
        views.relation_id,
        views.column_number
    from views
    where views.relation_id in (select hidden_relations.relation_id from hidden_relations)
        or exists (
            select 1
            from hidden_columns
            where hidden_columns.relation_id = views.relation_id
                and views.column_number in (hidden_columns.column_number, 0)
        )

    union

    select
        views.view_id,
        shown.relation_id,
        shown.column_number
    from shown
    inner join views on shown.view_id = views.relation_id
)

select distinct
    'account ' || pg_roles.rolname || ' can read through ' || views.view_name || ' what it may not read itself'
from shown
inner join views on shown.view_id = views.view_id
inner join pg_roles
    on not pg_roles.rolsuper
    and pg_roles.rolname not like 'pg\\_%%'
    and not pg_has_role(pg_roles.oid, views.relowner, 'member')
where has_any_column_privilege(pg_roles.oid, shown.view_id, 'select')
    and not case
        when shown.column_number = 0 then has_table_privilege(pg_roles.oid, shown.relation_id, 'select')
        else has_column_privilege(pg_roles.oid, shown.relation_id, shown.column_number::int2, 'select')
    end
"""

# Who reads the server's files, or runs programs there, reads the tables under any right.
SERVER_FILES: LiteralString = """
select 'account ' || members.rolname || ' can read the files of the server'
from pg_roles as members
inner join pg_roles as powers
    on powers.rolname in ('pg_read_server_files', 'pg_execute_server_program')
    and pg_has_role(members.oid, powers.oid, 'member')
where not members.rolsuper and members.rolname not like 'pg\\_%%'

union

select 'role ' || roles.role_name || ' can call ' || pg_proc.oid::regprocedure
from unnest(%(roles)s::text[]) as roles (role_name)
inner join pg_proc
    on pg_proc.pronamespace = 'pg_catalog'::regnamespace
    and pg_proc.proname in ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'lo_import', 'lo_export')
where has_function_privilege(roles.role_name, pg_proc.oid, 'execute')
"""
