-- Returns a mapping: input of cercle -> staging models of this plugin that feed it.
{% macro feeds() -%}
    {{ return({
        'consent_events': ['stg_mailchimp__subscribed_members', 'stg_mailchimp__unsubscribed_members', 'stg_mailchimp__cleaned_members'],
        'campaign_events': ['stg_mailchimp__activities'],
    }) }}
{%- endmacro %}
