{{ config(
    materialized='incremental',
    incremental_strategy='compared',
    unique_key='identity',
    indexes=[{'columns': ['identity'], 'unique': true}],
    meta={'scope': {'columns': ['identity'], 'model': 'int_contact_keys_touched', 'keys': ['key']}}
) }}

-- A customer's are those of all records; an identity that gave a permission has its own register's.
with

identity_values as (
    select *
    from {{ ref('int_identity_values') }}
    where attribute = 'birth_date' and is_current
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

pseudonyms as (
    select *
    from {{ source('privacy', 'source_identities') }}
),

births as (
    select
        record_customers.customer_id as identity,
        identity_values.value as birth_date
    from identity_values
    inner join record_customers on identity_values.record_key = record_customers.record_key
    where {{ cercle.is_touched('record_customers.customer_id') }}

    union

    select
        pseudonyms.ledger_key as identity,
        identity_values.value as birth_date
    from identity_values
    inner join {{ source('ops', 'normalised_values') }} as normalised_values
        on normalised_values.value_type = 'source_identity'
        and identity_values.record_key = 'customers:' || normalised_values.normalised
    inner join pseudonyms on normalised_values.value_key = pseudonyms.identity_key
    where {{ cercle.is_touched('pseudonyms.ledger_key') }}
),

known as (
    select
        'main' as ledger,
        identity,
        max(birth_date::date) as birth_date
    from births
    group by identity
)

select * from known
