-- A turn is all that the customer wrote until the company answered: several messages wait for one answer, and several answers to
-- one message make one turn.
with

answers as (
    select * from {{ ref('int_interaction_answers_found') }}
),

turns as (
    select
        conversation_id,
        next_answer_at as answered_at,
        min(occurred_at) as started_at,
        (array_agg(channel order by occurred_at, interaction_id))[1] as channel,
        count(*) as contact_count,
        count(*) filter (where intent = 'complaint') as complaint_count
    from answers
    where needs_answer
    group by conversation_id, next_answer_at
),

numbered as (
    select
        conversation_id,
        row_number() over in_conversation as turn_number,
        channel,
        contact_count,
        complaint_count,
        started_at,
        answered_at,
        lag(answered_at) over in_conversation as previous_answered_at
    from turns
    window in_conversation as (partition by conversation_id order by started_at, answered_at)
)

select * from numbered
