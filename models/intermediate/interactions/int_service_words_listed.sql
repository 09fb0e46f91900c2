{{ config(materialized='ephemeral') }}

-- What a customer and the company, its machines too, say to each other about service, in its order: no advice on what to buy, no parcel fetched, no call of
-- a campaign, no praise in public. A word is joined where it has a thread, case, order or answer in common with an earlier one.
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

parties as (
    select * from {{ ref('int_interaction_parties_named') }}
),

thread_keys as (
    select * from {{ ref('int_interaction_thread_keys_listed') }}
),

key_words as (
    select
        thread_keys.interaction_id,
        row_number() over (
            partition by thread_keys.thread_key order by directed.occurred_at, directed.interaction_id
        ) as word_number
    from thread_keys
    inner join directed on thread_keys.interaction_id = directed.interaction_id
    where thread_keys.rule <> 'itself'
),

joined_words as (
    select distinct interaction_id
    from key_words
    where word_number > 1
),

listed as (
    select
        directed.interaction_id,
        parties.customer_id,
        directed.channel,
        directed.kind,
        directed.direction,
        directed.is_public,
        interactions.order_number,
        interactions.case_id,
        lower(trim(interactions.reason)) as topic,
        directed.direction = 'inbound'
        and not directed.is_public
        and not (intents.is_thanks and coalesce(intents.intent, 'praise') = 'praise')
        and interactions.answered_at is null as is_waiting,
        joined_words.interaction_id is not null as is_joined,
        directed.is_automatic,
        directed.occurred_at,
        count(*) filter (where not directed.is_automatic) over (
            partition by parties.customer_id
            order by directed.occurred_at, directed.interaction_id
            rows between unbounded preceding and 1 preceding
        ) as spoken_before_count
    from directed
    inner join interactions on directed.interaction_id = interactions.interaction_id
    inner join intents on directed.interaction_id = intents.interaction_id
    inner join parties on directed.interaction_id = parties.interaction_id
    left join joined_words on directed.interaction_id = joined_words.interaction_id
    where parties.customer_id is not null
        and directed.is_conversational
        and directed.kind not in ('advice', 'pick_up')
        and (directed.direction = 'inbound' or interactions.campaign_number is null)
        and (directed.direction = 'outbound' or not directed.is_public or intents.intent = 'complaint' or intents.is_question)
)

select * from listed
