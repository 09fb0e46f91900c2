-- Builds a table that a step of the run has filled for this very build: it then stays as it is. Otherwise, and where dbt is used
-- alone, it is made from the model's SQL, which says what holds without that step and sets the columns.
-- The step marks what it has filled by the table's comment: see cercle.identity.matching.
{% materialization delivered, adapter='postgres' %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set is_delivered = existing_relation is not none and run_query(
        "select obj_description('" ~ this ~ "'::regclass, 'pg_class') like 'delivered for build ' || build_id || ' %' from ops.current_build"
    ).columns[0].values() == (true,) -%}
    {%- if not is_delivered -%}
        {%- do cercle.run_steps(["drop table if exists cercle_delivered", "create temporary table cercle_delivered as " ~ sql]) -%}
        {{ return(cercle.replace_table("select * from cercle_delivered", "cercle_delivered")) }}
    {%- endif -%}

    {%- call statement('main') -%}
        select count(*) from {{ this }}
    {%- endcall -%}
    {%- do run_hooks(post_hooks, inside_transaction=True) -%}
    {%- do adapter.commit() -%}
    {%- do run_hooks(post_hooks, inside_transaction=False) -%}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}
