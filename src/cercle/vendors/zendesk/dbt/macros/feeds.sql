-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'accounts': ['stg_zendesk__users'],
        'contacts': ['stg_zendesk__contacts'],
        'messages': ['stg_zendesk__messages'],
        'calls': ['stg_zendesk__calls'],
        'survey_answers': ['stg_zendesk__satisfaction_ratings'],
    }) }}
{%- endmacro %}
