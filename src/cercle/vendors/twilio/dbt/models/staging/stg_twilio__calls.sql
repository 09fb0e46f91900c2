-- A leg of a call (the agent's, when a person's call is passed on) is no contact of its own, and a call that has not ended none yet.
with

source as (
    select *
    from {{ source('raw', 'twilio__calls') }}
    where {{ cercle.is_admitted() }}
        and parent_call_id is null
        and status not in ('queued', 'initiated', 'ringing', 'in-progress')
),

renamed as (
    select
        -- ids
        'calls:' || _source || ':' || call_id as record_key,
        _source as source_name,
        call_id,

        -- strings
        case when direction = 'inbound' then 'inbound' else 'outbound' end as direction,
        from_number,
        to_number,
        case
            when answered_by like 'machine%' then 'voicemail'
            when status = 'completed' then 'answered'
            when status = 'canceled' then 'abandoned'
            else 'missed'
        end as outcome,

        -- booleans
        {{ cercle.is_current_version(['call_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        started_at,
        case when status = 'completed' then started_at end as answered_at,
        coalesce(ended_at, started_at + duration_seconds * interval '1 second') as ended_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
