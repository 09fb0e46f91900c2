with

touches as (
    select * from {{ ref('int_campaign_touches_unioned') }}
),

campaign_numbers as (
    select * from {{ ref('int_campaign_numbers_resolved') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

described as (
    select
        -- ids
        touches.record_key as campaign_touch_id,
        campaigns.campaign_id,
        touches.campaign_number,
        record_customers.customer_id,
        touches.order_id,
        touches.record_key,
        touches.source_name,

        -- strings
        coalesce(campaigns.channel, touches.channel) as channel,
        touches.kind,

        -- booleans: an act of the person; a machine may open a mail
        touches.kind in ('click', 'call', 'social', 'redemption') as is_act,

        -- timestamps
        touches.occurred_at
    from touches
    left join campaign_numbers on touches.campaign_number = campaign_numbers.campaign_number
    left join campaigns on campaign_numbers.campaign_id = campaigns.campaign_id
    left join record_customers on touches.record_key = record_customers.record_key
)

select * from described
