{{ config(materialized='ephemeral') }}

-- Under whose identity and on which contact point each fact counts. An event: its own; the one that took the place of another; and for a
-- confirmation those of the event that it confirms, whoever sent it. A birth date and a contract are an identity's, a call a number's.
{% set all_events, reached_events = ref('int_consent_events_resolved'), ref('int_contact_events_reached') -%}
{% set events = reached_events if cercle.is_contactability_standing() else all_events -%}
with

events as materialized (
    select
        source_system,
        source_event_id,
        event_id,
        type,
        identity,
        contact_point,
        to_contact_point,
        reference_event_id,
        reference_source_system,
        reference_source_event_id,
        {{ cercle.digest_fact(
            ['event_id', 'is_quarantined', 'known_from', 'known_to'], moments=['effective_at', 'known_from', 'known_to']
        ) }} as digest
    from {{ events }}
),

confirmations as (
    select *
    from events
    where type in ('doi_confirmed', 'guardian_consent')
),

facts as (
    select
        identity,
        contact_point,
        digest
    from events

    union all

    select
        identity,
        to_contact_point as contact_point,
        digest
    from events
    where to_contact_point is not null

    union all

    select
        events.identity,
        events.contact_point,
        confirmations.digest
    from confirmations
    inner join events on confirmations.reference_event_id = events.event_id

    union all

    select
        events.identity,
        events.contact_point,
        confirmations.digest
    from confirmations
    inner join events
        on confirmations.reference_source_system = events.source_system
        and confirmations.reference_source_event_id = events.source_event_id

    union all

    select
        identity,
        null as contact_point,
        {{ cercle.digest_fact(['identity', 'birth_date']) }} as digest
    from {{ ref('int_birth_dates_known') }}

    union all

    select
        identity,
        null as contact_point,
        {{ cercle.digest_fact(
            ['contract_id', 'related_families', 'starts_at', 'ends_at'], moments=['starts_at', 'ends_at', 'known_from']
        ) }} as digest
    from ({{ cercle.select_contracts(source('privacy', 'contracts')) }}) as contracts

    union all

    select
        null as identity,
        contact_point,
        {{ cercle.digest_fact(['call_key', 'called_at'], moments=['called_at', 'known_from']) }} as digest
    from {{ ref('int_marketing_calls_listed') }}
)

select * from facts
