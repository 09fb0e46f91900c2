{{ config(materialized='table') }}

-- Events that may count for a customer that is touched: by who acted, on which contact point, or by what they confirm or replace. Where
-- everything is made anew the answers read all events, and none is copied.
with

events as not materialized (
    select *
    from {{ ref('int_consent_events_resolved') }}
    where {{ cercle.is_contactability_standing() }}
),

identities as (
    select key as identity
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'identity'
),

contact_points as (
    select key as contact_point
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'contact_point'
),

places as (
    select position
    from events
    where {{ cercle.is_among(['identity'], 'identities') }}

    union

    select position
    from events
    where {{ cercle.is_among(['contact_point'], 'contact_points') }}

    union

    select position
    from events
    where type in ('doi_confirmed', 'guardian_consent', 'contact_point_replaced')
),

reached as (
    select *
    from events
    where {{ cercle.is_among(['position'], 'places') }}
)

select * from reached
