-- In each model, what is attributed of an order is its net amount, no more and no less. Returns the orders that differ.
with

attributed as (
    select
        order_id,
        sum(last_touch_amount) as last_touch_amount,
        sum(first_touch_amount) as first_touch_amount,
        sum(linear_amount) as linear_amount,
        sum(position_amount) as position_amount
    from {{ ref('attribution') }}
    group by order_id
),

orders as (
    select
        order_id,
        net_amount
    from {{ ref('orders') }}
    where is_revenue
)

select
    orders.order_id,
    orders.net_amount,
    attributed.last_touch_amount,
    attributed.first_touch_amount,
    attributed.linear_amount,
    attributed.position_amount
from orders
left join attributed on orders.order_id = attributed.order_id
where row(
        attributed.last_touch_amount, attributed.first_touch_amount, attributed.linear_amount, attributed.position_amount
    ) is distinct from row(orders.net_amount, orders.net_amount, orders.net_amount, orders.net_amount)
