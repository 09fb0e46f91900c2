-- A failure with a status of 4 is for now. That mail is late, or has arrived, is no event of ours. A Message-ID may look like an address, and
-- the ledger keeps none: it gets a hash.
with

source as (
    select *
    from {{ source('raw', 'mailbox__delivery_reports') }}
    where {{ cercle.is_admitted() }}
),

named as (
    select
        *,
        md5(message_id) || ':' || recipient_number::text as event_id,
        case
            when report_type = 'feedback-report' then 'complaint'
            when action = 'failed' then 'bounce'
        end as kind
    from source
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,

        -- strings
        kind,
        email,
        case when kind = 'bounce' then case when status like '4%' then 'soft' else 'hard' end end as bounce_type,

        -- booleans
        {{ cercle.is_current_version(['message_id', 'recipient_number']) }} as is_current_version,

        -- timestamps
        reported_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from named
    where kind is not null
)

select * from renamed
