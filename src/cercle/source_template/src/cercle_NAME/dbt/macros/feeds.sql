-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'orders': ['stg_NAME__orders'],
    }) }}
{%- endmacro %}
