-- What holds a conversation together: the interaction that it answers, the network's or mail system's thread, the case number, and
-- the order, whose contacts are one matter as long as no gap between them is longer than the var says; fetching a parcel is no matter. A case number is the
-- company's own and joins every channel. A reply to bulk mail is its author's matter alone.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

talks as (
    select
        interactions.interaction_id,
        interactions.parent_key,
        interactions.thread_key,
        interactions.case_id,
        case when not interactions.is_automatic and directed.kind <> 'pick_up' then interactions.order_number end as order_number,
        directed.channel,
        directed.party_key,
        directed.occurred_at
    from interactions
    inner join directed on interactions.interaction_id = directed.interaction_id
    where directed.is_conversational
),

bulk_threads as (
    select distinct thread_key
    from interactions
    where is_bulk and thread_key is not null
),

own_keys as (
    select
        interaction_id,
        interaction_id as thread_key,
        'itself' as rule
    from talks
),

parent_keys as (
    select
        talks.interaction_id,
        talks.parent_key as thread_key,
        'reply' as rule
    from talks
    inner join talks as parents on talks.parent_key = parents.interaction_id
    where talks.channel <> 'social' or talks.party_key = parents.party_key
),

source_thread_keys as (
    select
        talks.interaction_id,
        talks.thread_key || case
            when talks.channel = 'social' or bulk_threads.thread_key is not null then ':' || talks.party_key
            else ''
        end as thread_key,
        'thread' as rule
    from talks
    left join bulk_threads on talks.thread_key = bulk_threads.thread_key
    where talks.thread_key is not null
),

order_gaps as (
    select
        interaction_id,
        order_number,
        occurred_at,
        occurred_at - lag(occurred_at) over (partition by order_number order by occurred_at, interaction_id)
        > {{ var('cercle_order_thread_gap_days') }} * interval '1 day' as is_new_matter
    from talks
    where order_number is not null
),

order_keys as (
    select
        interaction_id,
        'order:' || order_number || ':' || count(*) filter (where is_new_matter) over (
            partition by order_number order by occurred_at, interaction_id
        ) as thread_key,
        'order' as rule
    from order_gaps
),

listed as (
    select * from own_keys
    union all
    select * from parent_keys
    union all
    select * from source_thread_keys
    where thread_key is not null
    union all
    select
        interaction_id,
        'case:' || case_id as thread_key,
        'case' as rule
    from talks
    where case_id is not null
    union all
    select * from order_keys
)

select * from listed
