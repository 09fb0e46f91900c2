-- One definition for every channel. The company answers by an outbound message that no machine wrote, by picking up a call, in a
-- shop at once, by calling back. Any of these answers all that the customer had written before in the conversation. A public word waits for
-- one where it complains or asks; thanks after an answer do not.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

intents as (
    select * from {{ ref('int_interaction_texts_labelled') }}
),

assigned as (
    select * from {{ ref('int_interaction_customers_assigned') }}
),

talks as (
    select
        directed.interaction_id,
        assigned.conversation_id,
        assigned.conversation_customer_id as customer_id,
        interactions.agent_id,
        interactions.brand_id,
        lower(trim(interactions.reason)) as topic,
        directed.channel,
        directed.kind,
        directed.direction,
        directed.is_public,
        interactions.is_automatic,
        coalesce(interactions.is_transferred, false) as is_transferred,
        case when directed.direction = 'inbound' then intents.intent end as intent,
        coalesce(intents.is_question, false) as is_question,
        intents.is_thanks and coalesce(intents.intent, 'praise') = 'praise' and not coalesce(intents.is_question, false) as is_thanks,
        directed.occurred_at,
        interactions.answered_at
    from directed
    inner join interactions on directed.interaction_id = interactions.interaction_id
    inner join assigned on directed.interaction_id = assigned.interaction_id
    inner join intents on directed.interaction_id = intents.interaction_id
    where assigned.conversation_id is not null
),

answering as (
    select
        *,
        case
            when is_automatic then null
            when channel = 'phone' or direction = 'inbound' then answered_at
            else occurred_at
        end as answer_at
    from talks
),

judged as (
    select
        *,
        direction = 'inbound'
        and not is_automatic
        and (not is_public or intent is not distinct from 'complaint' or is_question)
        and not (is_thanks and answer_at is null and count(answer_at) over earlier > 0) as needs_answer
    from answering
    window earlier as (
        partition by conversation_id
        order by occurred_at, interaction_id
        rows between unbounded preceding and 1 preceding
    )
),

answered as (
    select
        *,
        min(answer_at) over (
            partition by conversation_id
            order by occurred_at, interaction_id
            rows between current row and unbounded following
        ) as next_answer_at
    from judged
)

select * from answered
