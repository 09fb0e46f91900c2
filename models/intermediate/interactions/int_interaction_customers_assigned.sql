-- An interaction is the named customer's. What the company writes to nobody who is named is the conversation's customer's.
with

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

parties as (
    select * from {{ ref('int_interaction_parties_named') }}
),

conversation_ids as (
    select * from {{ ref('int_conversation_ids_versioned') }}
),

named as (
    select
        directed.interaction_id,
        conversation_ids.id as conversation_id,
        directed.direction,
        directed.occurred_at,
        parties.customer_id
    from directed
    inner join parties on directed.interaction_id = parties.interaction_id
    left join conversation_ids on directed.interaction_id = conversation_ids.member_key
),

-- The first person in a conversation is the one whom it is about; others may join it by a case number.
conversation_customers as (
    select distinct on (conversation_id)
        conversation_id,
        customer_id
    from named
    where conversation_id is not null and customer_id is not null
    order by conversation_id, occurred_at, interaction_id
),

assigned as (
    select
        named.interaction_id,
        named.conversation_id,
        coalesce(
            named.customer_id,
            case when named.direction = 'outbound' then conversation_customers.customer_id end
        ) as customer_id,
        conversation_customers.customer_id as conversation_customer_id
    from named
    left join conversation_customers on named.conversation_id = conversation_customers.conversation_id
)

select * from assigned
