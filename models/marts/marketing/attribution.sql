-- Last touch: the whole net amount goes to the last act (click, answered call, social word, coupon) of the order's customer within the
-- window, the order's own coupon or link first. An order without one has a row too, so that the sums are those of the orders.
with

orders as (
    select * from {{ ref('orders') }}
),

campaign_touches as (
    select * from {{ ref('campaign_touches') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

acts as (
    select
        campaign_touch_id,
        campaign_id,
        customer_id,
        order_id,
        occurred_at
    from campaign_touches
    where is_act and campaign_id is not null
),

own_acts as (
    select
        acts.order_id,
        acts.campaign_touch_id,
        acts.campaign_id,
        acts.occurred_at,
        true as is_own
    from acts
    where acts.order_id is not null
),

earlier_acts as (
    select
        orders.order_id,
        acts.campaign_touch_id,
        acts.campaign_id,
        acts.occurred_at,
        false as is_own
    from orders
    inner join acts
        on orders.customer_id = acts.customer_id
        and acts.order_id is null
        and orders.ordered_at >= acts.occurred_at
        and orders.ordered_at < acts.occurred_at + {{ var('cercle_attribution_window_days') }} * interval '1 day'
),

candidates as (
    select * from own_acts
    union all
    select * from earlier_acts
),

last_touches as (
    select distinct on (order_id)
        order_id,
        campaign_touch_id,
        campaign_id,
        occurred_at
    from candidates
    order by order_id, is_own desc, occurred_at desc, campaign_touch_id desc
),

attributed as (
    select
        -- ids
        orders.order_id,
        'last_touch' as model,
        case when last_touches.order_id is null then 0 else 1 end as touch_number,
        last_touches.campaign_touch_id,
        last_touches.campaign_id,
        orders.customer_id,

        -- strings
        campaigns.channel,
        campaigns.kind as campaign_kind,
        orders.currency_code,

        -- numerics
        1::numeric as attributed_share,
        orders.net_amount as attributed_amount,

        -- timestamps
        orders.ordered_at,
        last_touches.occurred_at as touch_at
    from orders
    left join last_touches on orders.order_id = last_touches.order_id
    left join campaigns on last_touches.campaign_id = campaigns.campaign_id
    where orders.is_revenue
)

select * from attributed
