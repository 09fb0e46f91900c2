-- M21. As fast and as well whatever the channel: the same measures side by side, and the load by local hour and language.
with

speeds as (
    select
        channel,
        percentile_cont(array[0.5, 0.9]) within group (order by elapsed_business_minutes) as business_minutes,
        round(100.0 * count(*) filter (where not is_breached) / nullif(count(is_breached), 0), 1) as within_target_percent
    from marts.service_levels
    where measure = 'first_response'
    group by channel
),

outcomes as (
    select
        channel_opened as channel,
        count(*) as conversation_count,
        round(100.0 * count(*) filter (where is_reopened) / count(*), 1) as reopened_percent,
        round(100.0 * count(*) filter (where is_open) / count(*), 1) as open_percent
    from marts.conversations
    where turn_count > 0
    group by channel_opened
)

select
    outcomes.channel,
    outcomes.conversation_count,
    round(speeds.business_minutes[1]::numeric, 1) as median_first_response_business_minutes,
    round(speeds.business_minutes[2]::numeric, 1) as ninth_decile_first_response_business_minutes,
    speeds.within_target_percent,
    outcomes.reopened_percent,
    outcomes.open_percent
from outcomes
left join speeds on outcomes.channel = speeds.channel
order by outcomes.channel;
