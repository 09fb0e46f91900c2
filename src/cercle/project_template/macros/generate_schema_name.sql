-- Returns the schema of a node: the folder's own name. dbt asks the root project, which is yours, and it asks cercle.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ cercle.cercle_schema_name(custom_schema_name, node) }}
{%- endmacro %}
