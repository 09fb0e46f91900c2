with

source as (
    select *
    from {{ source('raw', 'email__campaign_events') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        campaign_id,
        customer_ref,
        brand_id,

        -- strings
        kind,
        email,
        bounce_type,
        customer_source,
        link_url,

        -- booleans
        {{ cercle.is_current_version(['event_id']) }} as is_current_version,

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
