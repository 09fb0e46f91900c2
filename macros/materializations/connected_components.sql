-- Builds a table with one row per vertex on the left of the edges that the model's SQL selects, and its connected component.
-- `left` and `right` name the two columns of that SQL. See docs/identity.md, "connected_components", and find_components.
--
--     {{ config(materialized='connected_components', left='record_key', right='node_key') }}
--     select record_key, node_key from {{ ref('int_edges_matched') }}
--
-- Columns of the table: the one named by `left`, and `component_key` (or the name in `component`): the smallest left vertex of
-- the component. With `is_bipartite=false` left and right are vertices of one kind (a left value and an equal right value are the same).
{% materialization connected_components, adapter='postgres' %}
    {%- set left = config.require('left') -%}
    {%- set right = config.require('right') -%}
    {%- set component = config.get('component', 'component_key') -%}

    {%- if config.get('is_kept', false) and cercle.is_made_already(sql) -%}
        {{ return(cercle.keep_table()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set rounds = cercle.find_components(sql, left, right, config.get('is_bipartite', true)) -%}
    {%- do log('connected_components: ' ~ this.identifier ~ ' took ' ~ rounds ~ ' rounds') -%}
    {{ return(cercle.replace_table(
        "select vertex as " ~ left ~ ", component as " ~ component ~ " from cercle_components", "cercle_components"
    )) }}
{% endmaterialization %}
