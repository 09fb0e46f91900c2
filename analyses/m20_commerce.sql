-- M20. Orders after a known social touch (anything that the customer did on a network in the 30 days before), orders placed on a network, and
-- first orders after service there, by generation; beside it the customers who wrote to the site (form, chat) or below or to a brand page,
-- and how many of them ordered within 30 days. A touch that could not be linked to a customer is not known: a lower bound.
with

touches as (
    select
        customer_id,
        channel,
        venue_control,
        occurred_at,
        is_answered
    from marts.interactions
    where customer_id is not null and direction = 'inbound' and not is_automatic
),

orders as (
    select
        orders.*,
        orders.ordered_at = min(orders.ordered_at) over (partition by orders.customer_id) as is_first
    from marts.orders
    where orders.status = 'completed' and orders.customer_id is not null
),

touched_orders as (
    select
        orders.order_id,
        orders.customer_id,
        orders.sales_channel,
        exists(
            select 1
            from touches
            where touches.customer_id = orders.customer_id
                and touches.channel = 'social'
                and touches.occurred_at < orders.ordered_at
                and touches.occurred_at >= orders.ordered_at - interval '30 days'
        ) as is_after_social,
        orders.is_first and exists (
            select 1
            from touches
            where touches.customer_id = orders.customer_id
                and touches.channel = 'social'
                and touches.is_answered
                and touches.occurred_at < orders.ordered_at
        ) as is_first_after_service
    from orders
),

by_generation as (
    select
        case when grouping(customer_360.generation) = 1 then 'all' else coalesce(customer_360.generation, 'unknown') end as generation,
        count(*) as order_count,
        count(*) filter (where touched_orders.is_after_social) as after_social_count,
        count(*) filter (where touched_orders.sales_channel = 'social') as on_social_count,
        count(*) filter (where touched_orders.is_first_after_service) as first_after_social_service_count
    from touched_orders
    inner join marts.customer_360 on touched_orders.customer_id = customer_360.customer_id
    group by rollup (customer_360.generation)
),

visits as (
    select
        case when channel in ('web_form', 'chat') then 'site' else 'brand page' end as venue,
        customer_id,
        bool_or(
            exists (
                select 1
                from orders
                where orders.customer_id = touches.customer_id
                    and orders.ordered_at > touches.occurred_at
                    and orders.ordered_at <= touches.occurred_at + interval '30 days'
            )
        ) as has_ordered
    from touches
    where channel in ('web_form', 'chat') or (channel = 'social' and venue_control in ('owned', 'brand_run'))
    group by case when channel in ('web_form', 'chat') then 'site' else 'brand page' end, customer_id
),

conversions as (
    select
        count(*) filter (where venue = 'site') as site_customer_count,
        count(*) filter (where venue = 'site' and has_ordered) as site_ordered_count,
        count(*) filter (where venue = 'brand page') as page_customer_count,
        count(*) filter (where venue = 'brand page' and has_ordered) as page_ordered_count
    from visits
)

select
    by_generation.*,
    round(100.0 * by_generation.after_social_count / by_generation.order_count, 1) as after_social_percent,
    conversions.*,
    market_comparison.published_figure as published_on_social_percent
from by_generation
cross join conversions
left join marts.market_comparison on market_comparison.figure_key = 'm20_buy_on_social'
order by by_generation.generation;
