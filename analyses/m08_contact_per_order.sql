-- M8. Per 100 web orders: those that any contact of the customer names, and contacts, by channel; the published 25 beside. A contact that
-- names no order is left out, so this is a lower bound; fetching a parcel is no contact with service.
with

web_orders as (
    select order_id
    from marts.orders
    where sales_channel = 'web'
),

contacts as (
    select
        interactions.order_id,
        interactions.channel
    from marts.interactions
    inner join web_orders on interactions.order_id = web_orders.order_id
    where interactions.direction = 'inbound' and not interactions.is_automatic and interactions.kind <> 'pick_up'
),

by_channel as (
    select
        coalesce(channel, 'any channel') as channel,
        count(distinct order_id) as contacted_order_count,
        count(*) as contact_count
    from contacts
    group by grouping sets ((channel), ())
)

select
    by_channel.channel,
    by_channel.contacted_order_count,
    by_channel.contact_count,
    round(100.0 * by_channel.contacted_order_count / order_counts.order_count, 2) as contacted_orders_per_100,
    round(100.0 * by_channel.contact_count / order_counts.order_count, 2) as contacts_per_100,
    case when by_channel.channel = 'any channel' then market_comparison.published_figure end as published_per_100
from by_channel
cross join (select nullif(count(*), 0) as order_count from web_orders) as order_counts
left join marts.market_comparison on market_comparison.figure_key = 'm8_contacts_per_100_orders'
order by by_channel.contacted_order_count desc;
