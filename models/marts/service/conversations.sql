with

conversations_summarised as (
    select * from {{ ref('int_conversations_summarised') }}
),

turns as (
    select * from {{ ref('int_conversation_turns') }}
),

turn_sums as (
    select
        conversation_id,
        count(*) as turn_count,
        count(*) filter (where complaint_count > 0) as complaint_turn_count,
        min(started_at) as first_turn_at,
        min(answered_at) filter (where turn_number = 1) as first_answer_at,
        bool_or(answered_at is null) as is_open,
        bool_or(
            started_at > previous_answered_at + {{ var('cercle_reopen_after_hours') }} * interval '1 hour'
        ) as is_reopened
    from turns
    group by conversation_id
),

described as (
    select
        -- ids
        conversations_summarised.conversation_id,
        conversations_summarised.customer_id,
        conversations_summarised.brand_id,

        -- strings
        conversations_summarised.opened_by,
        conversations_summarised.channel_opened,
        conversations_summarised.channels,
        conversations_summarised.topic,

        -- numerics
        conversations_summarised.interaction_count,
        conversations_summarised.inbound_count,
        conversations_summarised.outbound_count,
        coalesce(turn_sums.turn_count, 0) as turn_count,
        conversations_summarised.complaint_count,
        conversations_summarised.hand_off_count,
        conversations_summarised.channel_change_count,

        -- booleans
        conversations_summarised.is_opened_in_public,
        cardinality(conversations_summarised.channels) > 1 as is_cross_channel,
        conversations_summarised.complaint_count > 0 as is_complaint,
        coalesce(turn_sums.is_open, false) as is_open,
        coalesce(turn_sums.is_reopened, false) as is_reopened,
        coalesce(turn_sums.complaint_turn_count, 0) > 1 as is_repeat_complaint,
        conversations_summarised.is_taken_public
        or conversations_summarised.is_authority_involved
        or coalesce(turn_sums.complaint_turn_count, 0) > 1 as is_escalated,

        -- timestamps
        conversations_summarised.opened_at,
        turn_sums.first_turn_at,
        case when conversations_summarised.opened_by = 'customer' then turn_sums.first_answer_at end as first_response_at,
        case when not turn_sums.is_open then conversations_summarised.last_answer_at end as resolved_at,
        conversations_summarised.last_interaction_at
    from conversations_summarised
    left join turn_sums on conversations_summarised.conversation_id = turn_sums.conversation_id
)

select * from described
