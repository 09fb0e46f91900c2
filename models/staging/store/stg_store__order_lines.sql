with

source as (
    select *
    from {{ source('raw', 'store__order_lines') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || order_id || ':' || line_number::text as record_key,
        _source as source_name,
        order_id,
        product_id,

        -- strings
        product_name,
        product_family,
        currency_code,

        -- numerics
        line_number,
        quantity,
        unit_price_amount,
        discount_amount,
        line_amount,

        -- booleans
        is_return,
        {{ cercle.is_current_version(['order_id', 'line_number'], 'updated_at') }} as is_current_version,

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
