{{ config(materialized='ephemeral') }}

-- Under whose identity and on which contact point each event of the ledger counts: its own; the one that took the place of another; and for a
-- confirmation those of the event that it confirms, whoever sent it.
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
    from {{ ref('int_consent_events_resolved') }}
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
)

select * from facts
