-- What a line adds to its order: price times quantity, less its part in all discounts, and its taxes where the prices are without them.
with

source as (
    select *
    from {{ source('raw', 'shopify__order_lines') }}
    where {{ cercle.is_admitted() }}
        and is_test is not true
),

priced as (
    select
        *,
        coalesce(
            {{ cercle.sum_json_amounts('discount_allocations', 'amount') }},
            line_discount_amount,
            0
        ) as discount_amount,
        case
            when is_tax_included then 0
            else coalesce({{ cercle.sum_json_amounts('tax_lines', 'price') }}, 0)
        end as tax_amount
    from source
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || order_number || ':' || line_id::text as record_key,
        _source as source_name,
        order_number as order_id,
        coalesce(product_id, line_id::text) as product_id,

        -- strings
        product_name,
        currency_code,

        -- numerics
        line_id as line_number,
        quantity,
        unit_price_amount,
        discount_amount,
        unit_price_amount * quantity - discount_amount + tax_amount as line_amount,

        -- booleans
        false as is_return,
        {{ cercle.is_current_version(['order_number', 'line_id'], 'updated_at') }} as is_current_version,

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
