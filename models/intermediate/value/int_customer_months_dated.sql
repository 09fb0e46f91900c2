-- First and last purchase as known at a month end. Purchases that still stand are carried on by int_customer_months_valued; those
-- that ended later (returned, cancelled) count at the month ends in between.
with

purchases as (
    select * from {{ ref('int_order_purchases') }}
),

month_ends as (
    select * from {{ ref('int_month_ends_listed') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

standing as (
    select
        order_id,
        ordered_at,
        {{ cercle.month_end('counted_from') }} as month_end_at,
        true as is_standing
    from purchases
    where counted_to = 'infinity'
),

ended as (
    select
        purchases.order_id,
        purchases.ordered_at,
        month_ends.month_end_at,
        false as is_standing
    from purchases
    inner join month_ends
        on purchases.counted_from < month_ends.month_end_at
        and purchases.counted_to >= month_ends.month_end_at
    where purchases.counted_to < 'infinity'
),

dated_orders as (
    select * from standing
    union all
    select * from ended
),

dated as (
    select
        record_customers.customer_id,
        dated_orders.month_end_at,
        min(dated_orders.ordered_at) filter (where dated_orders.is_standing) as standing_first_order_at,
        max(dated_orders.ordered_at) filter (where dated_orders.is_standing) as standing_last_order_at,
        min(dated_orders.ordered_at) filter (where not dated_orders.is_standing) as ended_first_order_at,
        max(dated_orders.ordered_at) filter (where not dated_orders.is_standing) as ended_last_order_at
    from dated_orders
    inner join record_customers on 'orders:' || dated_orders.order_id = record_customers.record_key
    group by record_customers.customer_id, dated_orders.month_end_at
)

select * from dated
