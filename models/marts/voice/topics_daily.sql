with

interactions as (
    select * from {{ ref('interactions') }}
),

counted as (
    select
        -- strings
        channel,
        coalesce(topic, 'not_classified') as topic,

        -- numerics
        count(*) as contact_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        count(distinct customer_id) as customer_count,

        -- dates
        {{ cercle.local_date('occurred_at') }} as day_date
    from interactions
    where direction = 'inbound' and not is_bulk and not is_automatic and kind <> 'reaction'
    group by {{ cercle.local_date('occurred_at') }}, channel, coalesce(topic, 'not_classified')
)

select * from counted
