-- Returns a condition for incremental models: the load in `column` was not in the last published build. Never a greatest
-- timestamp: a late release or a half-failed build are then ordinary increments. (A withdrawn load makes a full refresh.)
{% macro is_new_load(column='_load_id') -%}
    {{ column }} in (select new_loads.load_id from ops.new_loads)
{%- endmacro %}
