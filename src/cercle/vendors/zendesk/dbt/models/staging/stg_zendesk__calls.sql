-- The direction of a call is the call's own: an agent writes the comment of a voice mail too.
with

ticket_comments as (
    select *
    from {{ ref('stg_zendesk__ticket_comments') }}
    where channel = 'phone'
),

renamed as (
    select
        -- ids
        'calls:' || source_name || ':' || comment_id as record_key,
        source_name,
        comment_id as call_id,
        customer_ref,
        case_id,
        answered_by_id as agent_id,
        brand_id,

        -- strings
        case when relation = 'outbound' then 'outbound' else 'inbound' end as direction,
        called_from as from_number,
        called_to as to_number,
        case
            when relation = 'voicemail' then 'voicemail'
            when answered_by_id is not null or relation = 'outbound' then 'answered'
            else 'missed'
        end as outcome,
        transcript,

        -- booleans
        is_current_version,

        -- timestamps
        coalesce(call_started_at, occurred_at) as started_at,
        case when answered_by_id is not null then coalesce(call_started_at, occurred_at) end as answered_at,
        coalesce(call_started_at, occurred_at) + call_seconds * interval '1 second' as ended_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from ticket_comments
)

select * from renamed
