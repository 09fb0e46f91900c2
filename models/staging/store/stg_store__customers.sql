with

source as (
    select *
    from {{ source('raw', 'store__customers') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'customers:' || _source || ':' || customer_ref as record_key,
        _source as source_name,
        customer_ref,
        loyalty_id,
        referred_by_ref,
        home_store_id,
        brand_id,

        -- strings
        kind,
        title,
        first_name,
        last_name,
        gender,
        email,
        phone,
        phone_2,
        address_line,
        postcode,
        city,
        country_code,
        language,
        preferred_channel,

        -- booleans
        {{ cercle.is_current_version(['customer_ref'], 'updated_at') }} as is_current_version,

        -- dates
        birth_date,

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
