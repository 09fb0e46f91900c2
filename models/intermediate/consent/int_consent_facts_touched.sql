{{ config(materialized='table') }}

-- What may be said otherwise than in the last published build, and by whom, and on which contact point; rather too much. Each table of
-- which rows are others has logged whose (ops.changed_keys); time brings the rest. See decision 0170.
-- depends_on: {{ ref('int_marketing_calls_listed') }}
with recursive

records as materialized (
    select * from {{ ref('int_contact_records_touched') }}
),

touched_events as materialized (
    select * from {{ ref('int_consent_events_touched') }}
),

own_events as (
    select *
    from {{ ref('int_own_events_linked') }}
),

identities as materialized (
    {{ cercle.list_changed_keys('identity', 'identity') }}

    union

    select identity
    from touched_events

    union

    select identity
    from own_events
    where record_key in (select records.record_key from records)

    union

    select identity
    from {{ ref('int_consent_registers_touched') }}
),

replacements as materialized (
    select distinct
        from_contact_point,
        to_contact_point
    from {{ ref('int_consent_events_resolved') }}
    where type = 'contact_point_replaced'
),

-- Whoever has a contact point answers for those that it took the place of.
contact_points as (
    {{ cercle.list_changed_keys('contact_point', 'contact_point') }}

    union

    select unnest(array[contact_point, to_contact_point]) as contact_point
    from touched_events

    union

    select replacements.to_contact_point as contact_point
    from contact_points
    inner join replacements on contact_points.contact_point = replacements.from_contact_point
),

touched as (
    select
        'record' as kind,
        record_key as key
    from records

    union

    select
        'record' as kind,
        record_key as key
    from touched_events
    where record_key is not null

    union

    select
        'record' as kind,
        own_events.record_key as key
    from own_events
    inner join identities on own_events.identity = identities.identity

    union

    select
        'identity' as kind,
        identity as key
    from identities
    where identity is not null

    union

    select
        'contact_point' as kind,
        contact_point as key
    from contact_points
    where contact_point is not null
)

select * from touched
