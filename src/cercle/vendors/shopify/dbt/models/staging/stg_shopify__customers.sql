with

source as (
    select *
    from {{ source('raw', 'shopify__customers') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'customers:' || _source || ':' || customer_id as record_key,
        _source as source_name,
        customer_id as customer_ref,

        -- strings
        'web_account' as kind,
        first_name,
        last_name,
        email,
        phone,
        phone_2,
        address_line,
        postcode,
        city,
        country_code,
        lower(split_part(locale, '-', 1)) as language,

        -- booleans
        {{ cercle.is_current_version(['customer_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        created_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
