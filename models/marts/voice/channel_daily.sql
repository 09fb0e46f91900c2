with

interactions as (
    select * from {{ ref('interactions') }}
),

counted as (
    select
        -- ids
        coalesce(brand_id, '(none)') as brand_id,

        -- strings
        channel,

        -- numerics
        count(*) filter (where direction = 'inbound') as inbound_count,
        count(*) filter (where direction = 'outbound') as outbound_count,
        count(*) filter (where direction = 'inbound' and is_public) as public_inbound_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        count(*) filter (where is_answer_needed) as answer_needed_count,
        count(*) filter (where is_answered) as answered_count,
        count(distinct customer_id) filter (where direction = 'inbound') as customer_count,

        -- dates
        {{ cercle.local_date('occurred_at') }} as day_date
    from interactions
    where not is_bulk and not is_automatic and kind <> 'reaction'
    group by {{ cercle.local_date('occurred_at') }}, channel, coalesce(brand_id, '(none)')
)

select * from counted
