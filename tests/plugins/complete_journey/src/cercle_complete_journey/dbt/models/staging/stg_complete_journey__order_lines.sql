with

source as (
    select *
    from {{ source('raw', 'complete_journey__transactions') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || basket_id || ':' || product_id as record_key,
        _source as source_name,
        basket_id as order_id,
        product_id,
        household_id as customer_ref,
        store_id,

        -- strings
        'USD' as currency_code,

        -- numerics: a basket holds a product once, so the product orders the lines
        row_number() over (partition by _source, basket_id order by product_id)::bigint as line_number,
        quantity,
        sales_value as line_amount,
        coalesce(retail_disc, 0) + coalesce(coupon_disc, 0) + coalesce(coupon_match_disc, 0) as discount_amount,

        -- booleans
        false as is_return,
        {{ cercle.is_current_version(['basket_id', 'product_id']) }} as is_current_version,

        -- timestamps
        transaction_timestamp as ordered_at,
        transaction_timestamp as updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
