{{ config(materialized='ephemeral') }}

-- How those are linked who act in the events that are reached (int_contact_events_reached).
with

identities as (
    select key as identity
    from {{ ref('int_contact_keys_reached') }}
    where kind = 'identity'

    union

    select identity
    from {{ ref('int_contact_events_reached') }}
),

reached as (
    select *
    from {{ ref('int_consent_identities_linked') }}
    where {{ cercle.is_contactability_standing() }}
        and {{ cercle.is_among(['identity'], 'identities') }}
)

select * from reached
