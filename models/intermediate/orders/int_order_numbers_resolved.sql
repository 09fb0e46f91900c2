-- A contact names an order by its number alone. The number resolves where one source alone has it.
with

orders as (
    select * from {{ ref('int_orders_totalled') }}
),

resolved as (
    select
        order_number,
        min(order_id) as order_id
    from orders
    group by order_number
    having count(*) = 1
)

select * from resolved
