with

order_line_versions as (
    select * from {{ ref('int_order_line_versions') }}
),

orders as (
    select * from {{ ref('orders') }}
),

described as (
    select
        -- ids
        order_line_versions.order_line_id,
        order_line_versions.order_id,
        orders.customer_id,
        order_line_versions.source_name,
        order_line_versions.product_id,

        -- strings
        order_line_versions.product_name,
        order_line_versions.product_family,
        order_line_versions.currency_code,

        -- numerics
        order_line_versions.line_number,
        order_line_versions.quantity,
        order_line_versions.unit_price_amount,
        order_line_versions.discount_amount,
        order_line_versions.line_amount,

        -- booleans
        order_line_versions.is_return,

        -- timestamps
        orders.ordered_at
    from order_line_versions
    inner join orders on order_line_versions.order_id = orders.order_id
    where order_line_versions.is_current_version
)

select * from described
