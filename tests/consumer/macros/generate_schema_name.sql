{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ cercle.cercle_schema_name(custom_schema_name, node) }}
{%- endmacro %}
