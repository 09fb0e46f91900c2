-- Builds a table, as `table` does, and from then on keeps it while what it is made from is the same: the model's SQL, the rows that it
-- reads, the build's moment where it asks for it. See digest_inputs and sign_table. `--full-refresh` makes it anew.
-- With `meta: {changes: …, key: …}` a table that is there is not replaced: the rows that differ are, and whose they are is logged.
{% materialization kept, adapter='postgres' %}
    {%- if cercle.is_made_already(sql) -%}
        {{ return(cercle.keep_table()) }}
    {%- endif -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- if (config.get('meta') or {}).get('changes') is not none and existing_relation is not none and not should_full_refresh() -%}
        {%- set made = api.Relation.create(identifier='cercle_made') -%}
        {%- do run_hooks(pre_hooks, inside_transaction=True) -%}
        {%- do run_query("create temporary table cercle_made on commit drop as " ~ sql) -%}
        {%- set columns = adapter.get_columns_in_relation(existing_relation) -%}
        {%- if cercle.has_columns('cercle_made', columns) -%}
            {{ return(cercle.compare_table(made, columns)) }}
        {%- endif -%}
        {%- do run_query("drop table cercle_made") -%}
    {%- endif -%}
    {{ return(dbt.materialization_table_default()) }}
{% endmaterialization %}

-- Returns whether the table of the model at hand was made from what it would be made from now, and so may stay. What that is, sign_table
-- reads again.
{% macro is_made_already(sql) -%}
    {%- call statement('inputs', fetch_result=true) -%}
        select inputs.digest, inputs.digest = {{ cercle.read_signature(this, 'made from') }} as is_same
        from (select {{ cercle.digest_inputs(sql) }} as digest) as inputs
    {%- endcall -%}
    {%- set digest, is_same = load_result('inputs')['data'][0] -%}
    {%- do store_raw_result('made_from', digest) -%}
    {{ return(is_same is true and not should_full_refresh()) }}
{%- endmacro %}

-- Ends a materialization that leaves the model's table as it is. Returns what a materialization has to return.
{% macro keep_table() -%}
    {%- call noop_statement('main', 'KEPT') -%}{%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmacro %}

-- Ends a materialization: makes the table's rows those of the relation `made`. Returns what a materialization has to return.
{% macro compare_table(made, columns) -%}
    {%- call statement('main') -%}
        {{ cercle.replace_differing(this, made, config.get('meta')['key'], columns | map(attribute='name') | list) }}
    {%- endcall -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{%- endmacro %}

-- Returns whether a temporary table has these columns, in this order.
{% macro has_columns(temporary_table, columns) -%}
    {%- set found = run_query(
        "select attname from pg_attribute where attrelid = 'pg_temp." ~ temporary_table ~ "'::regclass and attnum > 0 order by attnum"
    ) -%}
    {{ return(found.columns[0].values() | list == columns | map(attribute='name') | list) }}
{%- endmacro %}
