with

source as (
    select *
    from {{ source('raw', 'store__stores') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'stores:' || _source || ':' || store_id as record_key,
        _source as source_name,
        store_id,
        brand_id,

        -- strings
        name,
        store_type,
        phone,
        address_line,
        postcode,
        city,
        time_zone,

        -- booleans
        {{ cercle.is_current_version(['store_id'], 'updated_at') }} as is_current_version,

        -- dates
        opened_date,

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
