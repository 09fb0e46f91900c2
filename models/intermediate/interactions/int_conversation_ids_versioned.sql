with

threaded as (
    select * from {{ ref('int_interactions_threaded') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

threads as (
    select
        directed.interaction_id,
        coalesce(threaded.thread_id, directed.interaction_id) as thread_id,
        directed.is_automatic,
        directed.occurred_at
    from directed
    left join threaded on directed.interaction_id = threaded.interaction_id
    where directed.is_conversational
),

-- Where nobody but a machine has spoken (order confirmations) there is no conversation.
spoken_threads as (
    select thread_id
    from threads
    group by thread_id
    having bool_or(not is_automatic)
),

members as (
    select
        threads.interaction_id as member_key,
        threads.thread_id as group_key,
        threads.occurred_at
    from threads
    inner join spoken_threads on threads.thread_id = spoken_threads.thread_id
),

versioned as (
    {{ cercle.assign_stable_ids('conversation', 'members') }}
)

select * from versioned
