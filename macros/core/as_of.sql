-- Returns SQL for the one moment that a build takes for now (timestamptz). No model calls now().
-- A subquery: asked once per statement, not once per row. The running build's as_of; with dbt used alone, the last published one's, or the last load's.
{% macro as_of() -%}
    (select ops.as_of())
{%- endmacro %}
