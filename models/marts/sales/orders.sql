with

orders_totalled as (
    select * from {{ ref('int_orders_totalled') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

campaign_numbers as (
    select * from {{ ref('int_campaign_numbers_resolved') }}
),

described as (
    select
        -- ids
        orders_totalled.order_id,
        record_customers.customer_id,
        orders_totalled.source_name,
        orders_totalled.order_number,
        orders_totalled.store_id,
        orders_totalled.brand_id,
        campaign_numbers.campaign_id,

        -- strings
        orders_totalled.status,
        orders_totalled.sales_channel,
        orders_totalled.device,
        orders_totalled.controller,
        orders_totalled.product_family,
        orders_totalled.currency_code,

        -- numerics
        orders_totalled.total_amount,
        orders_totalled.net_amount,
        orders_totalled.line_count,
        orders_totalled.other_currency_line_count,

        -- booleans
        orders_totalled.is_revenue,
        orders_totalled.is_header_missing,

        -- timestamps
        orders_totalled.ordered_at,
        orders_totalled.updated_at
    from orders_totalled
    left join record_customers on 'orders:' || orders_totalled.order_id = record_customers.record_key
    left join campaign_numbers on orders_totalled.campaign_number = campaign_numbers.campaign_number
)

select * from described
