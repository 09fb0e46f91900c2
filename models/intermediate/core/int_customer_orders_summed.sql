-- Net revenue adds the orders in the company's currency alone; orders in another one are counted beside.
with

orders as (
    select * from {{ ref('int_orders_totalled') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

owned as (
    select
        record_customers.customer_id,
        orders.order_id,
        orders.brand_id,
        orders.status = 'completed' as is_purchase,
        orders.is_revenue,
        orders.currency_code = '{{ var("cercle_currency") }}' as is_own_currency,
        orders.net_amount,
        orders.ordered_at
    from orders
    inner join record_customers on 'orders:' || orders.order_id = record_customers.record_key
),

summed as (
    select
        customer_id,
        count(*) filter (where is_purchase) as order_count,
        count(*) filter (where is_purchase and not is_own_currency) as other_currency_order_count,
        coalesce(sum(net_amount) filter (where is_revenue and is_own_currency), 0) as net_revenue_amount,
        min(ordered_at) filter (where is_purchase) as first_order_at,
        max(ordered_at) filter (where is_purchase) as last_order_at,
        (array_agg(brand_id order by ordered_at desc, order_id) filter (where brand_id is not null))[1] as last_brand_id
    from owned
    group by customer_id
)

select * from summed
