-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'messages': ['stg_mailbox__messages'],
        'campaign_events': ['stg_mailbox__delivery_reports'],
    }) }}
{%- endmacro %}
