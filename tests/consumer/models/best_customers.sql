with

customer_360 as (
    select * from {{ ref('cercle', 'customer_360') }}
),

best_customers as (
    select
        customer_id,
        net_revenue_amount,
        currency_code
    from customer_360
    where order_count > 0
)

select * from best_customers
