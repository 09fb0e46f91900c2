-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'social_interactions': ['stg_facebook__posts', 'stg_facebook__comments', 'stg_facebook__messages'],
    }) }}
{%- endmacro %}
