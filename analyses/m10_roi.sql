-- M10. Orders attributed to campaigns by last touch, with cost and return, by medium, paid apart from organic and broadcast. Broadcast
-- media leave no touch, so their return here is a lower bound. Amounts of one currency only stand in a row.
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
        channel,
        campaign_kind as kind,
        currency_code,
        count(*) as order_count,
        sum(attributed_amount) as attributed_amount
    from marts.attribution
    where model = 'last_touch'
    group by channel, campaign_kind, currency_code
)

select
    coalesce(costs.channel, returns.channel, '(no touch)') as channel,
    coalesce(costs.kind, returns.kind) as kind,
    coalesce(costs.currency_code, returns.currency_code) as currency_code,
    costs.campaign_count,
    costs.cost_amount,
    coalesce(returns.order_count, 0) as order_count,
    coalesce(returns.attributed_amount, 0) as attributed_amount,
    round(returns.attributed_amount / nullif(costs.cost_amount, 0), 2) as return_on_cost
from costs
full outer join returns
    on costs.channel = returns.channel
    and costs.kind = returns.kind
    and costs.currency_code = returns.currency_code
order by attributed_amount desc;
