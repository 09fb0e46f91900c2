with

source as (
    select *
    from {{ source('raw', 'store__orders') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'orders:' || _source || ':' || order_id as record_key,
        _source as source_name,
        order_id,
        customer_ref,
        loyalty_id,
        store_id,
        brand_id,
        campaign_id,

        -- strings
        email,
        phone,
        first_name,
        last_name,
        postcode,
        city,
        sales_channel,
        device,
        status,
        currency_code,
        controller,
        product_family,

        -- numerics
        total_amount,

        -- booleans
        is_optout_offered,
        is_collected_from_subject,
        {{ cercle.is_current_version(['order_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        ordered_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
