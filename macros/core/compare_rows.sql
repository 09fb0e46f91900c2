-- Tables whose changed rows are known (decision 0170). `meta: {changes: {kind: [expression, …], …}}` says of a model by which keys others
-- ask for its changed rows (without any, that rows have changed); ops.changed_keys keeps the keys until a build is published, so what a failed build changed is not forgotten.

-- Incremental strategy `compared`: puts the query's rows in the place of those within `meta: {scope: {columns, model, keys}}` (its own columns are
-- among those keys of that model; without a scope all rows), and writes only those that differ.
{% macro get_incremental_compared_sql(arguments) -%}
    {%- set scope = (config.get('meta') or {}).get('scope') -%}
    {%- if scope -%}
        {%- set scope = cercle.is_among(scope['columns'], this.incorporate(path={'identifier': scope['model']}), scope.get('keys')) -%}
    {%- endif -%}
    {{ cercle.replace_differing(
        arguments.target_relation, arguments.temp_relation, arguments.unique_key, arguments.dest_columns | map(attribute='name') | list, scope
    ) }}
{%- endmacro %}

-- Returns statements that make the rows of `standing` (relation) within `scope` (SQL condition) those of `made` (relation), and log whose
-- changed. `keys`: columns that are unique together and never null.
{% macro replace_differing(standing, made, keys, columns, scope=none) -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set changes = (config.get('meta') or {}).get('changes') -%}
    {%- set compared = standing -%}
    {%- if scope %}
    create temporary table cercle_standing on commit drop as
    select ctid as place, *
    from {{ standing }}
    where {{ scope }};
        {%- set compared = 'cercle_standing' %}
    {%- endif %}

    create temporary table cercle_gone on commit drop as
    select standing.{{ 'place' if scope else 'ctid as place' }}, {{ cercle.list_columns('standing', columns) }}
    from {{ compared }} as standing
    left join {{ made }} as made on {{ cercle.equal_columns('standing', 'made', keys) }}
    where made.{{ keys[0] }} is null
        or ({{ cercle.list_columns('standing', columns) }}) is distinct from ({{ cercle.list_columns('made', columns) }});

    create temporary table cercle_come on commit drop as
    select made.*
    from {{ made }} as made
    left join {{ compared }} as standing on {{ cercle.equal_columns('made', 'standing', keys) }}
    where standing.{{ keys[0] }} is null
        or ({{ cercle.list_columns('made', columns) }}) is distinct from ({{ cercle.list_columns('standing', columns) }});

    delete from {{ standing }} where ctid = any(array(select place from cercle_gone));

    insert into {{ standing }} ({{ columns | join(', ') }})
    select {{ columns | join(', ') }} from cercle_come
    {%- if changes is not none %};{% endif %}
    {%- if changes == {} %}

    insert into ops.changed_keys (relation, build_id)
    select '{{ standing.identifier }}', {{ cercle.logged_build() }}
    where exists (select from cercle_gone) or exists (select from cercle_come)
    {%- endif %}
    {%- for kind, expressions in (changes or {}).items() %}

    insert into ops.changed_keys (relation, build_id, kind, key)
    select '{{ standing.identifier }}', {{ cercle.logged_build() }}, '{{ kind }}', changed.key
    from (
        {%- for expression in expressions %}
        select {{ expression }} as key from cercle_gone
        union
        select {{ expression }} as key from cercle_come
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %}
    ) as changed
    where changed.key is not null
    {%- if not loop.last %};{% endif %}
    {%- endfor %}
{%- endmacro %}

-- Returns `left.a = right.a and left.b = right.b`.
{% macro equal_columns(left, right, columns) -%}
    {%- for column in columns %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{% if not loop.last %} and {% endif %}{% endfor -%}
{%- endmacro %}

-- Returns `alias.a, alias.b`.
{% macro list_columns(alias, columns) -%}
    {%- for column in columns %}{{ alias }}.{{ column }}{% if not loop.last %}, {% endif %}{% endfor -%}
{%- endmacro %}

-- Returns SQL (bigint) for the build that a change is logged for.
{% macro logged_build() -%}
    coalesce((select build_id from ops.current_build), (select coalesce(max(build_id), 0) + 1 from ops.builds))
{%- endmacro %}

-- Post-hook: of a model with `meta.changes` that was made whole, not compared in this transaction, nobody knows which rows are others. What a
-- published build read is forgotten.
{% macro log_changes() -%}
    {%- if (config.get('meta') or {}).get('changes') is not none -%}
        insert into ops.changed_keys (relation, build_id)
        select '{{ this.identifier }}', {{ cercle.logged_build() }}
        where to_regclass('pg_temp.cercle_gone') is null;

        delete from ops.changed_keys
        where relation = '{{ this.identifier }}'
            and build_id <= (select build_id from ops.published_build)
    {%- endif -%}
{%- endmacro %}

-- Returns a condition: since the last published build more has happened than keys can tell. A table was made whole; a person was erased;
-- time went backwards; or nothing was ever published.
{% macro is_all_changed(relations) -%}
    (
        not exists (select from ops.published_build)
        or exists (
            select
            from ops.changed_keys
            where kind is null
                and relation in ('{{ relations | join("', '") }}')
                and build_id > (select build_id from ops.published_build)
        )
        or exists (
            select
            from privacy.erasures
            where erased_at >= (
                select builds.started_at
                from ops.builds
                inner join ops.published_build on builds.build_id = published_build.build_id
            )
        )
        or exists (
            select
            from ops.builds
            where build_id >= (select build_id from ops.published_build) and as_of > {{ cercle.as_of() }}
        )
    )
{%- endmacro %}
