-- What the messages of a conversation say as a whole; what its turns say is int_conversation_turns'.
with

answers as (
    select * from {{ ref('int_interaction_answers_found') }}
),

-- A hand-off: the next person of the company who deals with it is another one, or a call was passed on.
handlers as (
    select
        conversation_id,
        interaction_id,
        agent_id <> lag(agent_id) over (partition by conversation_id order by occurred_at, interaction_id) as is_handed_off
    from answers
    where agent_id is not null and answer_at is not null
),

steps as (
    select
        answers.*,
        coalesce(handlers.is_handed_off, false) or answers.is_transferred as is_handed_off,
        answers.direction = 'inbound'
        and answers.is_public
        and coalesce(answers.intent = 'complaint', false)
        and coalesce(
            bool_or(answers.direction = 'inbound' and not answers.is_public) over (
                partition by answers.conversation_id
                order by answers.occurred_at, answers.interaction_id
                rows between unbounded preceding and 1 preceding
            ),
            false
        ) as is_taken_public,
        lag(answers.channel) over (
            partition by answers.conversation_id order by answers.occurred_at, answers.interaction_id
        ) as previous_channel
    from answers
    left join handlers on answers.interaction_id = handlers.interaction_id
),

summarised as (
    select
        conversation_id,
        min(customer_id) as customer_id,
        (array_agg(brand_id order by occurred_at, interaction_id) filter (where brand_id is not null))[1] as brand_id,
        (array_agg(topic order by occurred_at, interaction_id) filter (where topic is not null))[1] as topic,
        case when (array_agg(direction order by occurred_at, interaction_id))[1] = 'inbound' then 'customer' else 'company' end
            as opened_by,
        (array_agg(channel order by occurred_at, interaction_id))[1] as channel_opened,
        (array_agg(is_public order by occurred_at, interaction_id))[1] as is_opened_in_public,
        array_agg(distinct channel order by channel) as channels,
        count(*) as interaction_count,
        count(*) filter (where direction = 'inbound') as inbound_count,
        count(*) filter (where direction = 'outbound') as outbound_count,
        count(*) filter (where is_handed_off) as hand_off_count,
        count(*) filter (where channel <> previous_channel) as channel_change_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        bool_or(is_taken_public) as is_taken_public,
        bool_or(channel = 'authority' and direction = 'inbound') as is_authority_involved,
        min(occurred_at) as opened_at,
        max(occurred_at) as last_interaction_at,
        max(answer_at) as last_answer_at
    from steps
    group by conversation_id
)

select * from summarised
