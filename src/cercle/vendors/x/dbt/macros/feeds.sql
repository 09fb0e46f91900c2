-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'social_interactions': ['stg_x__tweets', 'stg_x__dm_events'],
        'accounts': ['stg_x__users'],
    }) }}
{%- endmacro %}
