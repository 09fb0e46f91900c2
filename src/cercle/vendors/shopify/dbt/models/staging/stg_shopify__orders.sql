-- The order's number is what customers quote. Whether an opt-out was offered, Shopify does not say: no soft opt-in stands on it.
with

source as (
    select *
    from {{ source('raw', 'shopify__orders') }}
    where {{ cercle.is_admitted() }}
        and is_test is not true
),

renamed as (
    select
        -- ids
        'orders:' || _source || ':' || order_number as record_key,
        _source as source_name,
        order_number as order_id,
        customer_id as customer_ref,

        -- strings
        email,
        phone,
        first_name,
        last_name,
        postcode,
        city,
        case
            when placed_through = 'pos' then 'store'
            when placed_through in ('iphone', 'android') then 'mobile_app'
            else 'web'
        end as sales_channel,
        case when placed_through = 'pos' then 'till' else 'unknown' end as device,
        case
            when cancelled_at is not null or financial_status = 'voided' then 'cancelled'
            when financial_status = 'refunded' then 'returned'
            when financial_status in ('pending', 'authorized', 'partially_paid') then 'pending'
            else 'completed'
        end as status,
        currency_code,

        -- numerics
        total_amount,

        -- booleans
        {{ cercle.is_current_version(['order_number'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        created_at as ordered_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
