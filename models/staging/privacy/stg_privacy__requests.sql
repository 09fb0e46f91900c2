with

source as (
    select *
    from {{ source('raw', 'privacy__requests') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'requests:' || _source || ':' || request_id as record_key,
        _source as source_name,
        request_id,
        customer_ref,
        brand_id,

        -- strings
        kind,
        status,
        channel,
        customer_source,
        first_name,
        last_name,
        email,
        phone,
        address_line,
        postcode,
        city,

        -- booleans
        {{ cercle.is_current_version(['request_id'], 'updated_at') }} as is_current_version,

        -- dates
        birth_date,

        -- timestamps
        updated_at,
        received_at,
        closed_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
