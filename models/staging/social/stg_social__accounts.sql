with

source as (
    select *
    from {{ source('raw', 'social__accounts') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'accounts:' || _source || ':' || account_ref as record_key,
        _source as source_name,
        account_ref,
        customer_ref,
        brand_id,

        -- strings
        platform,
        handle,
        display_name,
        email,
        phone,
        customer_source,
        account_purpose,
        language,
        city,

        -- numerics
        followers_count,

        -- booleans
        is_brand_account,
        {{ cercle.is_current_version(['account_ref'], 'updated_at') }} as is_current_version,

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
