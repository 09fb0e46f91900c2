-- Returns a condition: no admitted load brought the row's partition anew. For raw tables with a partitionColumn alone: the others have
-- no column _replaced_by_load_id. A row that was never replaced is null there, which gives true.
{% macro is_not_replaced(column='_replaced_by_load_id') -%}
    ({{ column }} is null or {{ column }} not in (select admitted_loads.load_id from ops.admitted_loads))
{%- endmacro %}
