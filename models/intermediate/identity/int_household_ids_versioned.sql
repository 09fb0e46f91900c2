{{ config(meta={'is_signed_by_rows': true}) }}

with

households as (
    select *
    from {{ ref('int_households_resolved') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
    where is_profile
),

-- The members are register entries, not customers: a household keeps its id when a customer's id changes.
members as (
    select
        record_customers.record_key as member_key,
        households.component_key as group_key,
        record_customers.valid_from as occurred_at
    from record_customers
    inner join households on record_customers.customer_id = households.customer_id
),

versioned as (
    {{ cercle.assign_stable_ids('household', 'members') }}
)

select * from versioned
