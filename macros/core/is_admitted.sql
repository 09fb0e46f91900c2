-- Returns a condition: the load in `column` belongs to the loads that this build has admitted. Null gives null (not admitted).
{% macro is_admitted(column='_load_id') -%}
    {{ column }} in (select admitted_loads.load_id from ops.admitted_loads)
{%- endmacro %}
