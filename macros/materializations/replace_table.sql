-- Ends a materialization: puts the rows of a query in the place of the model's table, in one step for its readers, then drops the
-- temporary table that they came from. Returns what a materialization has to return.
{% macro replace_table(sql, temporary_table) -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set intermediate_relation = make_intermediate_relation(target_relation) -%}
    {%- set backup_relation = make_backup_relation(target_relation, 'table' if existing_relation is none else existing_relation.type) -%}
    {%- do drop_relation_if_exists(load_cached_relation(intermediate_relation)) -%}
    {%- do drop_relation_if_exists(load_cached_relation(backup_relation)) -%}

    {%- call statement('main') -%}
        create table {{ intermediate_relation }} as {{ sql }}
    {%- endcall -%}
    {%- do cercle.run_steps(["drop table " ~ temporary_table]) -%}
    {%- do create_indexes(intermediate_relation) -%}
    {%- if existing_relation is not none -%}
        {%- do adapter.rename_relation(existing_relation, backup_relation) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(intermediate_relation, target_relation) -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) -%}
    {%- do persist_docs(target_relation, model) -%}
    {%- do adapter.commit() -%}
    {%- do drop_relation_if_exists(backup_relation) -%}
    {%- do run_hooks(post_hooks, inside_transaction=False) -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}
