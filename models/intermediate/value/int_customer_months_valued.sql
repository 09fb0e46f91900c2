-- Every customer at every month end since the first record: what was known by then, and nothing that was known later.
with

month_ends as (
    select * from {{ ref('int_month_ends_listed') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

months_changed as (
    select * from {{ ref('int_customer_months_changed') }}
),

months_dated as (
    select * from {{ ref('int_customer_months_dated') }}
),

customers as (
    select
        customer_id,
        min(valid_from) as first_seen_at
    from record_customers
    group by customer_id
),

grid as (
    select
        customers.customer_id,
        month_ends.month_end_at,
        month_ends.next_month_end_at
    from customers
    inner join month_ends on customers.first_seen_at < month_ends.month_end_at
),

valued as (
    select
        grid.customer_id,
        grid.month_end_at,
        grid.next_month_end_at,
        coalesce(sum(months_changed.order_count_change) over until_month_end, 0)::bigint as order_count,
        coalesce(sum(months_changed.other_currency_order_count_change) over until_month_end, 0)::bigint
            as other_currency_order_count,
        coalesce(sum(months_changed.net_amount_change) over until_month_end, 0) as net_amount,
        least(min(months_dated.standing_first_order_at) over until_month_end, months_dated.ended_first_order_at)
            as first_order_at,
        greatest(max(months_dated.standing_last_order_at) over until_month_end, months_dated.ended_last_order_at)
            as last_order_at
    from grid
    left join months_changed
        on grid.customer_id = months_changed.customer_id
        and grid.month_end_at = months_changed.month_end_at
    left join months_dated
        on grid.customer_id = months_dated.customer_id
        and grid.month_end_at = months_dated.month_end_at
    window until_month_end as (partition by grid.customer_id order by grid.month_end_at)
)

select * from valued
