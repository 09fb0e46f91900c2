-- Returns a dictionary: the relations of this warehouse that decide_contacts asks, by the names that it gives them.
{% macro consent_world() -%}
    {{ return({
        'events': ref('int_consent_events_resolved'),
        'links': '(' ~ cercle.select_links(ref('int_consent_identities_linked'), cercle.as_of()) ~ ')',
        'notices': ref('int_notices_resolved'),
        'notice_coverage': source('privacy', 'notice_coverage'),
        'notice_recipients': source('privacy', 'notice_recipients'),
        'sales': ref('int_sales_evidenced'),
        'engagements': ref('int_engagements_dated'),
        'people': ref('int_birth_dates_known'),
        'contracts': '(' ~ cercle.select_contracts(source('privacy', 'contracts')) ~ ')',
        'scrubs': source('privacy', 'list_scrubs'),
        'scrub_entries': '(' ~ cercle.select_scrub_entries(source('privacy', 'list_scrub_entries')) ~ ')',
        'calls': ref('int_marketing_calls_listed'),
        'holidays': source('privacy', 'public_holidays'),
        'policies': source('privacy', 'policy_rules'),
    }) }}
{%- endmacro %}
