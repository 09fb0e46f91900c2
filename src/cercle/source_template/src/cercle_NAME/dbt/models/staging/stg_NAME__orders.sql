with

source as (
    select *
    from {{ source('raw', 'NAME__orders') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'orders:' || _source || ':' || order_id as record_key,
        _source as source_name,
        order_id,

        -- strings
        email,
        currency_code,

        -- numerics
        total_amount,

        -- booleans
        {{ cercle.is_current_version(['order_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        ordered_at,
        updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
