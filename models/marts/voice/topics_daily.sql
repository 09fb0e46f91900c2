with

interactions as (
    select * from {{ ref('interactions') }}
),

process_steps as (
    select * from {{ ref('process_steps') }}
),

counted as (
    select
        -- strings
        interactions.channel,
        coalesce(interactions.topic, 'not_classified') as topic,
        process_steps.process_step,

        -- numerics
        count(*) as contact_count,
        count(*) filter (where interactions.intent = 'complaint') as complaint_count,
        count(distinct interactions.customer_id) as customer_count,

        -- dates
        {{ cercle.local_date('interactions.occurred_at') }} as day_date
    from interactions
    left join process_steps on interactions.topic = process_steps.topic
    where interactions.direction = 'inbound'
        and not interactions.is_bulk
        and not interactions.is_automatic
        and interactions.kind <> 'reaction'
    group by
        {{ cercle.local_date('interactions.occurred_at') }},
        interactions.channel,
        coalesce(interactions.topic, 'not_classified'),
        process_steps.process_step
)

select * from counted
