{{ config(materialized='table') }}

-- What cercle itself recorded (a restriction that a request asked for) comes with no record: it is the person's of that customer number.
with

events as (
    select distinct identity
    from {{ ref('int_consent_events_resolved') }}
    where source_system = 'cercle' and identity is not null
),

identity_values as (
    select
        record_key,
        value
    from {{ ref('int_identity_values') }}
    where attribute = 'customer_ref'
),

normalised_values as (
    select
        normalised,
        value_key
    from {{ source('ops', 'normalised_values') }}
    where value_type = 'source_identity'
),

source_identities as (
    select
        identity_key,
        ledger_key
    from {{ source('privacy', 'source_identities') }}
),

final as (
    select distinct
        events.identity,
        identity_values.record_key
    from events
    inner join source_identities on events.identity = source_identities.ledger_key
    inner join normalised_values on source_identities.identity_key = normalised_values.value_key
    inner join identity_values on normalised_values.normalised = identity_values.value
)

select * from final
