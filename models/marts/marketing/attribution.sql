-- The acts (click, answered call, social word, coupon) of an order's customer within the window before it, in their order, the order's own
-- coupon or link last; four models beside each other share the net amount among them. Amounts are rounded so that they add up to the order's. An
-- order without an act has a row too, so that the sums are those of the orders.
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
    select *
    from campaign_touches
    where is_act and campaign_id is not null
),

candidates as (
    select
        order_id,
        campaign_touch_id,
        campaign_id,
        occurred_at,
        true as is_own
    from acts
    where order_id is not null
    union all
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

numbered as (
    select
        *,
        (row_number() over (partition by order_id order by is_own, occurred_at, campaign_touch_id))::integer as touch_number,
        (count(*) over (partition by order_id))::integer as touch_count
    from candidates
),

touched_orders as (
    select
        orders.*,
        coalesce(numbered.touch_number, 0) as touch_number,
        coalesce(numbered.touch_count, 0) as touch_count,
        numbered.campaign_touch_id,
        numbered.campaign_id as touch_campaign_id,
        numbered.occurred_at as touch_at
    from orders
    left join numbered on orders.order_id = numbered.order_id
    where orders.is_revenue
),

attributed as (
    select
        -- ids
        touched_orders.order_id,
        touched_orders.touch_number,
        touched_orders.campaign_touch_id,
        touched_orders.touch_campaign_id as campaign_id,
        touched_orders.customer_id,

        -- strings
        campaigns.channel,
        campaigns.kind as campaign_kind,
        touched_orders.currency_code,

        -- numerics
        touched_orders.touch_count,
        {%- for model in ['last_touch', 'first_touch', 'linear', 'position'] %}
        {{ cercle.credit_touch(model, 'touched_orders.net_amount', 'touched_orders.touch_number', 'touched_orders.touch_count') }}
            as {{ model }}_amount,
        {%- endfor %}

        -- timestamps
        touched_orders.ordered_at,
        touched_orders.touch_at
    from touched_orders
    left join campaigns on touched_orders.touch_campaign_id = campaigns.campaign_id
)

select * from attributed
