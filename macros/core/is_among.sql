-- Returns a condition: the row has in `columns` what a row of `relation` has in its `keys` (by default the columns of the same names). For
-- a few thousand rows of `relation`, and columns that a large table has an index on: the array is looked up there whatever the planner
-- thinks of its length. A step that several others read must be `not materialized`: it has no index.
{% macro is_among(columns, relation, keys=none) -%}
    {%- set keys = keys or columns -%}
    {%- for column in columns %}
        {{- column }} = any(array(select among.{{ keys[loop.index0] }} from {{ relation }} as among))
        {%- if not loop.last %} and {% endif -%}
    {%- endfor -%}
    {%- if columns | length > 1 %} and ({{ columns | join(', ') }}) in (select {{ cercle.list_columns('among', keys) }} from {{ relation }} as among)
    {%- endif -%}
{%- endmacro %}

-- Returns the same condition for incremental models: true where the model is made anew.
{% macro is_among_if_incremental(columns, relation, keys=none) -%}
    {%- if is_incremental() -%}
        {{ cercle.is_among(columns, relation, keys) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
