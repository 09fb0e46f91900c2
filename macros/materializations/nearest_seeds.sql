-- Builds a table that says which seed is nearest to each vertex of the graph that the model's SQL selects.
-- The SQL gives edges, (left, right, priority, null), and seeds, (left, null, null, label). Columns of the table: side ('left' or
-- 'right'), vertex, label. A vertex that no seed reaches is left out. See find_nearest_seeds.
{% materialization nearest_seeds, adapter='postgres' %}
    {%- set left = config.require('left') -%}
    {%- set right = config.require('right') -%}
    {%- set priority = config.get('priority', 'priority') -%}
    {%- set label = config.get('label', 'label') -%}

    {%- if config.get('is_kept', false) and cercle.is_made_already(sql) -%}
        {{ return(cercle.keep_table()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- do cercle.run_steps([
        "drop table if exists cercle_seeded",
        "create temporary table cercle_seeded as " ~ sql,
    ]) -%}
    {%- do cercle.find_nearest_seeds(
        "select * from cercle_seeded where " ~ right ~ " is not null",
        "select " ~ left ~ " as vertex, " ~ label ~ " as label from cercle_seeded where " ~ label ~ " is not null",
        left, right, priority
    ) -%}
    {%- do cercle.run_steps(["drop table cercle_seeded"]) -%}
    {{ return(cercle.replace_table("
        select
            case left(vertex, 1) when '0' then 'left' else 'right' end as side,
            substr(vertex, 2) as vertex,
            label
        from cercle_nearest", "cercle_nearest")) }}
{% endmaterialization %}
