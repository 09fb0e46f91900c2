-- A customer has one referrer at most, so that no order is credited twice: the one named first; ties by record key.
with

customers as (
    {{ cercle.union_inputs('customers') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

named as (
    select
        referred.customer_id as referred_customer_id,
        referrers.customer_id as referrer_customer_id,
        customers.record_key,
        coalesce(customers.created_at, customers.updated_at) as referred_at
    from customers
    inner join record_customers as referred on customers.record_key = referred.record_key
    inner join record_customers as referrers
        on 'customers:' || customers.source_name || ':' || customers.referred_by_ref = referrers.record_key
    where referred.customer_id <> referrers.customer_id
),

found as (
    select distinct on (referred_customer_id)
        referred_customer_id,
        referrer_customer_id,
        record_key,
        referred_at
    from named
    order by referred_customer_id, referred_at, record_key
)

select * from found
