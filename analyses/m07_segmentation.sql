-- M7. Segments enriched with social signals: per RFM segment the customers, those with any signal on a network, and those whose engagement
-- changes with it: none, some (1 or 2 contacts) or much (3 and more) in the year before the newest contact, reactions included. Beside it what a
-- customer of the segment is expected to bring (segment_forecasts), the share of social media in the cost of marketing, and the published upper bound.
with

bounds as (
    select max(occurred_at) - interval '365 days' as since
    from marts.interactions
),

contacts as (
    select
        interactions.customer_id,
        count(*) as contact_count,
        count(*) filter (where interactions.channel = 'social') as social_count
    from marts.interactions
    cross join bounds
    where interactions.customer_id is not null
        and interactions.direction = 'inbound'
        and not interactions.is_automatic
        and interactions.occurred_at > bounds.since
    group by interactions.customer_id
),

engaged as (
    select
        coalesce(customer_360.segment, '(no order)') as segment,
        coalesce(contacts.social_count, 0) as social_count,
        least(coalesce(contacts.contact_count, 0), 3) in (1, 2) as is_some,
        coalesce(contacts.contact_count, 0) >= 3 as is_much,
        coalesce(contacts.contact_count - contacts.social_count, 0) in (1, 2) as is_some_without_social,
        coalesce(contacts.contact_count - contacts.social_count, 0) >= 3 as is_much_without_social
    from marts.customer_360
    left join contacts on customer_360.customer_id = contacts.customer_id
),

costs as (
    select
        round(
            100.0 * sum(campaigns.cost_amount) filter (where campaigns.channel = 'social') / nullif(sum(campaigns.cost_amount), 0), 2
        ) as social_cost_percent
    from marts.campaigns
    where campaigns.currency_code = (select min(customer_360.currency_code) from marts.customer_360)
)

select
    engaged.segment,
    count(*) as customer_count,
    count(*) filter (where engaged.social_count > 0) as with_social_signal_count,
    count(*) filter (
        where engaged.is_some <> engaged.is_some_without_social or engaged.is_much <> engaged.is_much_without_social
    ) as moved_count,
    segment_forecasts.lifetime_value_amount as expected_value_amount,
    costs.social_cost_percent,
    market_comparison.published_figure as published_cost_percent
from engaged
cross join costs
left join marts.segment_forecasts on engaged.segment = segment_forecasts.segment and segment_forecasts.is_current
left join marts.market_comparison on market_comparison.figure_key = 'm7_budget_share'
group by engaged.segment, segment_forecasts.lifetime_value_amount, costs.social_cost_percent, market_comparison.published_figure
order by customer_count desc, engaged.segment;
