with

source as (
    select *
    from {{ source('raw', 'store__visits') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'visits:' || _source || ':' || visit_id as record_key,
        _source as source_name,
        visit_id,
        store_id,
        customer_ref,
        loyalty_id,
        order_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        kind,
        email,
        phone,
        note,
        language,

        -- numerics
        duration_seconds,

        -- booleans
        {{ cercle.is_current_version(['visit_id']) }} as is_current_version,

        -- timestamps
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
