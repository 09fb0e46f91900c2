-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'consent_events': ['stg_brevo__contacts'],
        'campaign_events': ['stg_brevo__events'],
    }) }}
{%- endmacro %}
