-- M10. Orders attributed to campaigns under four models (last touch, first touch, equal parts, by position), with cost and return, by medium,
-- paid apart from organic and broadcast. Broadcast media leave no touch, so their return here is a lower bound. Amounts of one currency only stand
-- in a row. An order counts for each medium that touched it: never add order counts up over rows.
with

costs as (
    select
        channel,
        kind,
        currency_code,
        count(*) as campaign_count,
        sum(cost_amount) as cost_amount
    from marts.campaigns
    group by channel, kind, currency_code
),

returns as (
    select
        coalesce(channel, '(no touch)') as channel,
        campaign_kind as kind,
        currency_code,
        count(distinct order_id) as order_count,
        sum(last_touch_amount) as last_touch_amount,
        sum(first_touch_amount) as first_touch_amount,
        sum(linear_amount) as linear_amount,
        sum(position_amount) as position_amount
    from marts.attribution
    group by coalesce(channel, '(no touch)'), campaign_kind, currency_code
)

select
    coalesce(costs.channel, returns.channel) as channel,
    coalesce(costs.kind, returns.kind) as kind,
    coalesce(costs.currency_code, returns.currency_code) as currency_code,
    costs.campaign_count,
    costs.cost_amount,
    coalesce(returns.order_count, 0) as order_count,
    coalesce(returns.last_touch_amount, 0) as last_touch_amount,
    coalesce(returns.first_touch_amount, 0) as first_touch_amount,
    coalesce(returns.linear_amount, 0) as linear_amount,
    coalesce(returns.position_amount, 0) as position_amount,
    round(returns.last_touch_amount / nullif(costs.cost_amount, 0), 2) as last_touch_return_on_cost,
    round(returns.linear_amount / nullif(costs.cost_amount, 0), 2) as linear_return_on_cost
from costs
full outer join returns
    on costs.channel = returns.channel
    and costs.kind = returns.kind
    and costs.currency_code = returns.currency_code
order by last_touch_amount desc, channel, kind;
