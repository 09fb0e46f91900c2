-- What comes back is a line of the same order with its signs turned. Money given back without goods is in the order's total alone.
with

source as (
    select *
    from {{ source('raw', 'shopify__refund_lines') }}
    where {{ cercle.is_admitted() }}
        and is_test is not true
),

priced as (
    select
        *,
        coalesce(subtotal_amount, unit_price_amount * quantity, 0)
        + case when is_tax_included then 0 else coalesce(tax_amount, 0) end as refunded_amount
    from source
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || order_number || ':' || refund_line_id::text as record_key,
        _source as source_name,
        order_number as order_id,
        coalesce(product_id, line_id::text) as product_id,

        -- strings
        product_name,
        currency_code,

        -- numerics
        refund_line_id as line_number,
        -quantity as quantity,
        unit_price_amount,
        -refunded_amount as line_amount,

        -- booleans
        true as is_return,
        {{ cercle.is_current_version(['order_number', 'refund_line_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from priced
)

select * from renamed
