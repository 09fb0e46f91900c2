with

source as (
    select *
    from {{ source('raw', 'email__messages') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'messages:' || _source || ':' || message_id as record_key,
        _source as source_name,
        message_id,
        thread_id,
        campaign_id,
        order_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        direction,
        from_address,
        from_name,
        to_address,
        to_name,
        mailbox,
        in_reply_to,
        subject,
        body,
        language,

        -- booleans
        is_automatic,
        is_bulk,
        {{ cercle.is_current_version(['message_id']) }} as is_current_version,

        -- timestamps
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
