-- Net revenue adds the orders in the company's currency alone; orders in another one are counted beside.
with

orders as (
    select * from {{ ref('orders') }}
),

summed as (
    select
        customer_id,
        count(*) filter (where status = 'completed') as order_count,
        count(*) filter (where status = 'completed' and currency_code <> '{{ var("cercle_currency") }}') as other_currency_order_count,
        coalesce(sum(net_amount) filter (where is_revenue and currency_code = '{{ var("cercle_currency") }}'), 0) as net_revenue_amount,
        min(ordered_at) filter (where status = 'completed') as first_order_at,
        max(ordered_at) filter (where status = 'completed') as last_order_at,
        (array_agg(brand_id order by ordered_at desc, order_id) filter (where brand_id is not null))[1] as last_brand_id
    from orders
    where customer_id is not null
    group by customer_id
)

select * from summed
