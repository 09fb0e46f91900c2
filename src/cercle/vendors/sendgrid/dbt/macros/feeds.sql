-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'campaign_events': ['stg_sendgrid__events'],
    }) }}
{%- endmacro %}
