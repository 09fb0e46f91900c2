-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'calls': ['stg_asterisk__calls'],
    }) }}
{%- endmacro %}
