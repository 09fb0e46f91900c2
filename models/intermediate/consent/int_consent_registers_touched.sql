{{ config(materialized='ephemeral') }}

-- Identities whose own register may have another birth date, or of whom a contract has begun or ended.
with

records as (
    select * from {{ ref('int_contact_records_touched') }}
),

identities as (
    select
        pseudonyms.ledger_key as identity,
        'customers:' || normalised_values.normalised as record_key
    from {{ source('ops', 'normalised_values') }} as normalised_values
    inner join {{ source('privacy', 'source_identities') }} as pseudonyms
        on normalised_values.value_key = pseudonyms.identity_key
    where normalised_values.value_type = 'source_identity'
),

touched as (
    select identities.identity
    from identities
    inner join records on identities.record_key = records.record_key

    union

    select identity_key as identity
    from {{ source('privacy', 'contracts') }}
    where {{ cercle.has_come('starts_at') }} or {{ cercle.has_come('ends_at') }} or {{ cercle.has_come('recorded_at') }}
)

select * from touched
