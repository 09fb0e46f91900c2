-- M6. Conversations that cross channels: how many, with how many hand-offs, how fast the first answer and the resolution over the whole.
-- Medians over the conversations that have one.
select
    conversations.is_cross_channel,
    count(*) as conversation_count,
    round(100.0 * count(*) / sum(count(*)) over (), 1) as percent_of_conversations,
    round(avg(conversations.hand_off_count), 3) as mean_hand_offs,
    count(*) filter (where conversations.is_open) as open_count,
    round((percentile_cont(0.5) within group (order by first_responses.elapsed_minutes))::numeric, 1) as median_first_response_minutes,
    round((percentile_cont(0.5) within group (order by resolutions.elapsed_minutes))::numeric, 1) as median_resolution_minutes
from marts.conversations
left join marts.service_levels as first_responses
    on conversations.conversation_id = first_responses.conversation_id
    and first_responses.measure = 'first_response'
left join marts.service_levels as resolutions
    on conversations.conversation_id = resolutions.conversation_id
    and resolutions.measure = 'resolution'
where conversations.turn_count > 0
group by conversations.is_cross_channel
order by conversations.is_cross_channel;
