{{ config(
    indexes=[{'columns': ['record_key'], 'unique': true}, {'columns': ['customer_id']}],
    meta={'key': 'record_key', 'changes': {'record': ['record_key'], 'customer': ['customer_id']}}
) }}

with

versioned as (
    select *
    from {{ ref('int_customer_ids_versioned') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

mapped as (
    select
        -- ids
        versioned.member_key as record_key,
        versioned.id as customer_id,

        -- strings
        identity_records.entity,
        identity_records.source_name,

        -- booleans
        identity_records.is_profile,

        -- timestamps
        versioned.valid_from
    from versioned
    inner join identity_records on versioned.member_key = identity_records.record_key
)

select * from mapped
