-- Returns SQL for the one moment that a build takes for now (timestamptz). No model calls now().
-- The running build's as_of; with dbt used alone, the last published one's, or the last load's.
{% macro as_of() -%}
    ops.as_of()
{%- endmacro %}
