-- Post-hook: gives the planner statistics of a table that was just made. Not after an increment: the table has them, and autovacuum
-- makes them again as it grows.
{% macro analyze_table() -%}
    {%- if not is_incremental() -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
