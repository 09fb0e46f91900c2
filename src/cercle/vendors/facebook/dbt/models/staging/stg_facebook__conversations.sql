-- For who reads the warehouse: the marts make conversations of the messages themselves.
with

source as (
    select *
    from {{ source('raw', 'facebook__conversations') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'conversations:' || _source || ':' || conversation_id as record_key,
        _source as source_name,
        conversation_id,

        -- strings
        link,

        -- numerics
        messages_count,
        unread_count,

        -- booleans
        {{ cercle.is_current_version(['conversation_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
