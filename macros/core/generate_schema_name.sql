-- Used when this package is itself dbt's root (in its own tests); a user's project has its own that calls the same macro.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ cercle.cercle_schema_name(custom_schema_name, node) }}
{%- endmacro %}
