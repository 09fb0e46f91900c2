-- Every moment at which a campaign and a person met: delivery events of campaign mail, outbound calls of a campaign, what people write
-- on a network about one, and orders that name one (a coupon, a link). Bulk mail is counted by its delivery events, not by its text.
with

campaign_events as (
    {{ cercle.union_inputs('campaign_events') }}
),

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

orders as (
    select * from {{ ref('int_orders_totalled') }}
),

campaign_interactions as (
    select
        interactions.interaction_id,
        interactions.source_name,
        interactions.campaign_number,
        directed.channel,
        case when directed.channel = 'phone' then 'call' else 'social' end as kind,
        directed.occurred_at
    from interactions
    inner join directed on interactions.interaction_id = directed.interaction_id
    where interactions.campaign_number is not null
        and (
            (directed.channel = 'phone' and directed.direction = 'outbound' and interactions.answered_at is not null)
            or (directed.channel = 'social' and directed.direction = 'inbound')
        )
),

unioned as (
    select
        record_key,
        source_name,
        campaign_id as campaign_number,
        null as channel,
        kind,
        null as order_id,
        occurred_at
    from campaign_events
    union all
    select
        interaction_id as record_key,
        source_name,
        campaign_number,
        channel,
        kind,
        null as order_id,
        occurred_at
    from campaign_interactions
    union all
    select
        'orders:' || order_id as record_key,
        source_name,
        campaign_number,
        null as channel,
        'redemption' as kind,
        order_id,
        ordered_at as occurred_at
    from orders
    where campaign_number is not null
)

select * from unioned
