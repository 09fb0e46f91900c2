with

identity_records as (
    select * from {{ ref('int_identity_values') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

records as (
    select
        record_key,
        max(last_seen_at) as last_seen_at
    from identity_records
    group by record_key
),

listed as (
    select
        record_customers.customer_id,
        count(*) as record_count,
        count(distinct record_customers.source_name) as source_count,
        bool_or(record_customers.entity = 'customers') as is_registered,
        min(record_customers.valid_from) as first_seen_at,
        max(greatest(record_customers.valid_from, records.last_seen_at)) as last_seen_at
    from record_customers
    left join records on record_customers.record_key = records.record_key
    group by record_customers.customer_id
)

select * from listed
