{{ config(materialized='ephemeral') }}

-- Events that are others now, that are confirmed or no longer, that a touched record brought, or whose day has come.
{% set conditions = [
    "identity = any(array(" ~ cercle.list_changed_keys('identity') ~ "))",
    "event_id = any(array(" ~ cercle.list_changed_keys('event') ~ "))",
    "source_event_id = any(array(" ~ cercle.list_changed_keys('source_event') ~ "))",
    cercle.is_among(['record_key'], 'records'),
    cercle.has_come('effective_at') ~ " or " ~ cercle.has_come('known_from') ~ " or " ~ cercle.has_come('known_to'),
] -%}
with

records as materialized (
    select * from {{ ref('int_contact_records_touched') }}
),

touched as (
    {%- for condition in conditions %}
    select
        event_id,
        known_from,
        identity,
        record_key,
        contact_point,
        to_contact_point
    from {{ ref('int_consent_events_resolved') }}
    where {{ condition }}
    {%- if not loop.last %}

    union
    {% endif %}
    {%- endfor %}
)

select * from touched
