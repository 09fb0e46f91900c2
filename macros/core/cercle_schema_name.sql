-- Returns the schema of a node: the folder's own name (staging, intermediate, marts_build), never prefixed by the target.
-- `cercle identity preview` makes what is of intermediate elsewhere (var cercle_identity_schema). A node without one gets the target's schema. The user's root project calls this from its own generate_schema_name.
{% macro cercle_schema_name(custom_schema_name, node) -%}
    {%- set elsewhere = var('cercle_identity_schema', none) if custom_schema_name == 'intermediate' -%}
    {{ (elsewhere or custom_schema_name or target.schema) | trim }}
{%- endmacro %}
