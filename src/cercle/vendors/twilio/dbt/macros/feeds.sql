-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'calls': ['stg_twilio__calls'],
        'contacts': ['stg_twilio__messages'],
        'consent_events': ['stg_twilio__stops'],
    }) }}
{%- endmacro %}
