with

source as (
    select *
    from {{ source('raw', 'marketing__campaigns') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'campaigns:' || _source || ':' || campaign_id as record_key,
        _source as source_name,
        campaign_id,
        brand_id,

        -- strings
        name,
        channel,
        kind,
        topic,
        currency_code,
        description,

        -- numerics
        cost_amount,

        -- booleans
        {{ cercle.is_current_version(['campaign_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        starts_at,
        ends_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
