-- An interaction is its record's customer's. What a brand account writes is the addressed account's, else its record's where the source
-- says who wrote.
with

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

records as (
    select
        interaction_id,
        case when is_direction_stated then interaction_id end as record_key,
        case when channel = 'social' and direction = 'outbound' then 'accounts:' || source_name || ':' || party_ref end
            as account_record_key
    from directed
),

named as (
    select
        records.interaction_id,
        coalesce(account_customers.customer_id, record_customers.customer_id) as customer_id
    from records
    left join record_customers on records.record_key = record_customers.record_key
    left join record_customers as account_customers on records.account_record_key = account_customers.record_key
)

select * from named
