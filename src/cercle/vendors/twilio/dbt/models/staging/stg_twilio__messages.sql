with

source as (
    select *
    from {{ source('raw', 'twilio__messages') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'contacts:' || _source || ':' || message_id as record_key,
        _source as source_name,
        message_id as contact_id,

        -- strings
        case when from_number like 'whatsapp:%' then 'chat' else 'sms' end as channel,
        case when direction = 'inbound' then 'inbound' else 'outbound' end as direction,
        case when direction = 'inbound' then from_number else to_number end as phone,
        body,

        -- booleans
        {{ cercle.is_current_version(['message_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        sent_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
