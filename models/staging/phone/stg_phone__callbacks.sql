with

source as (
    select *
    from {{ source('raw', 'phone__callbacks') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'callbacks:' || _source || ':' || callback_id as record_key,
        _source as source_name,
        callback_id,
        honoured_by_call_id,
        order_id,
        case_id,
        brand_id,

        -- strings
        phone,
        full_name,
        email,
        reason,
        venue,
        language,

        -- booleans
        {{ cercle.is_current_version(['callback_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        requested_at,
        promised_at,
        honoured_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
