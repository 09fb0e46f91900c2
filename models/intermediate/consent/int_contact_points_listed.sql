{{ config(
    materialized='incremental',
    incremental_strategy='compared',
    unique_key=['customer_id', 'contact_point_key'],
    indexes=[{'columns': ['customer_id', 'contact_point_key'], 'unique': true}, {'columns': ['contact_point']}],
    meta={'scope': {'columns': ['customer_id'], 'model': 'int_contact_keys_touched', 'keys': ['key']}}
) }}

-- contact_point is the name that the ledger has for it: its first pseudonym, which outlives a rotation of the secret. Postal addresses
-- are those that people gave with a permission; without one there is nothing to decide.
with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
    where identifier_type in ('email', 'phone', 'account_ref') and is_current
),

identifiers as (
    select *
    from {{ ref('int_contact_identifiers_listed') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
    where {{ cercle.is_touched('customer_id') }}
),

consent_events as (
    select *
    from {{ ref('int_consent_events_resolved') }}
),

pseudonyms as (
    select *
    from {{ source('privacy', 'contact_points') }}
),

identified as (
    select distinct
        record_customers.customer_id,
        case observed.identifier_type when 'email' then 'email' when 'phone' then 'tel' else 'social' end as kind,
        observed.identifier_key as contact_point_key
    from observed
    inner join identifiers
        on observed.identifier_type = identifiers.identifier_type
        and observed.identifier_value = identifiers.identifier_value
    inner join record_customers on observed.record_key = record_customers.record_key
),

posted as (
    select distinct
        record_customers.customer_id,
        'addr' as kind,
        consent_events.contact_point as contact_point_key
    from consent_events
    inner join record_customers on consent_events.record_key = record_customers.record_key
    where consent_events.contact_point_kind = 'addr' and consent_events.contact_point is not null
),

all_points as (
    select * from identified
    union
    select * from posted
),

listed as (
    select
        all_points.customer_id,
        all_points.contact_point_key,
        all_points.kind as contact_point_kind,
        coalesce(pseudonyms.ledger_key, all_points.contact_point_key) as contact_point
    from all_points
    left join pseudonyms on all_points.contact_point_key = pseudonyms.contact_point_key
)

select * from listed
