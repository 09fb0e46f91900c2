with

versioned as (
    select *
    from {{ ref('int_household_ids_versioned') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

links as (
    select *
    from {{ ref('int_household_links') }}
),

evidence as (
    select
        customer_id,
        string_agg(distinct evidence, ', ' order by evidence) as evidence
    from links
    group by customer_id
),

final as (
    select distinct
        -- ids
        versioned.id as household_id,
        record_customers.customer_id,

        -- strings
        evidence.evidence
    from versioned
    inner join record_customers on versioned.member_key = record_customers.record_key
    inner join evidence on record_customers.customer_id = evidence.customer_id
)

select * from final
