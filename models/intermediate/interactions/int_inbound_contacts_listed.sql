-- What people did towards the company: no machine's message, no reaction, no bulk mail. The base of every count of contacts.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

assigned as (
    select * from {{ ref('int_interaction_customers_assigned') }}
),

intents as (
    select * from {{ ref('int_interaction_texts_labelled') }}
),

listed as (
    select
        directed.interaction_id,
        assigned.customer_id,
        assigned.conversation_id,
        directed.channel,
        directed.kind,
        lower(trim(interactions.reason)) as topic,
        intents.intent,
        directed.is_public,
        directed.occurred_at
    from directed
    inner join interactions on directed.interaction_id = interactions.interaction_id
    inner join assigned on directed.interaction_id = assigned.interaction_id
    inner join intents on directed.interaction_id = intents.interaction_id
    where directed.direction = 'inbound'
        and directed.kind <> 'reaction'
        and not interactions.is_automatic
        and not interactions.is_bulk
)

select * from listed
