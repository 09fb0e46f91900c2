-- The same three measures for every channel. An open one runs until the build's moment for the breach alone: its elapsed time is not
-- known yet, hence null. Of the answers after the first, the slowest counts.
with

conversations as (
    select * from {{ ref('conversations') }}
),

turns as (
    select * from {{ ref('int_conversation_turns') }}
),

service_targets as (
    select * from {{ ref('service_targets') }}
),

clock as (
    select {{ cercle.as_of() }} as as_of
),

ranked_turns as (
    select
        turns.*,
        conversations.opened_by,
        turns.turn_number = 1 and conversations.opened_by = 'customer' as is_first_response,
        row_number() over (
            partition by turns.conversation_id, turns.turn_number = 1 and conversations.opened_by = 'customer'
            order by coalesce(turns.answered_at, clock.as_of) - turns.started_at desc, turns.turn_number
        ) as wait_rank
    from turns
    inner join conversations on turns.conversation_id = conversations.conversation_id
    cross join clock
),

measured as (
    select
        conversation_id,
        case when is_first_response then 'first_response' else 'next_response' end as measure,
        channel,
        started_at,
        answered_at as met_at
    from ranked_turns
    where wait_rank = 1
    union all
    select
        turns.conversation_id,
        'resolution' as measure,
        turns.channel,
        turns.started_at,
        conversations.resolved_at as met_at
    from turns
    inner join conversations on turns.conversation_id = conversations.conversation_id
    where turns.turn_number = 1
),

-- Materialised: the calendar is read once per row, not once per column that uses it.
timed as materialized (
    select
        measured.*,
        service_targets.target_minutes,
        service_targets.calendar,
        {{ cercle.business_minutes('measured.started_at', 'coalesce(measured.met_at, clock.as_of)', 'service_targets.calendar') }}
            as business_minutes
    from measured
    cross join clock
    left join service_targets
        on measured.channel = service_targets.channel
        and measured.measure = service_targets.measure
),

levelled as (
    select
        -- ids
        timed.conversation_id,
        timed.measure,
        conversations.customer_id,
        conversations.brand_id,

        -- strings
        timed.channel,
        timed.calendar,

        -- numerics
        timed.target_minutes,
        case when timed.met_at is not null then trim_scale(round(extract(epoch from timed.met_at - timed.started_at) / 60, 2)) end
            as elapsed_minutes,
        case when timed.met_at is not null then trim_scale(round(timed.business_minutes, 2)) end as elapsed_business_minutes,

        -- booleans
        timed.met_at is null as is_open,
        timed.business_minutes > timed.target_minutes as is_breached,

        -- timestamps
        timed.started_at,
        timed.met_at
    from timed
    inner join conversations on timed.conversation_id = conversations.conversation_id
)

select * from levelled
