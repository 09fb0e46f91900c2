with

source as (
    select *
    from {{ source('raw', 'complete_journey__campaign_descriptions') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'campaigns:' || _source || ':' || campaign_id as record_key,
        _source as source_name,
        campaign_id,

        -- strings
        'Campaign ' || campaign_id || ', ' || lower(campaign_type) as name,
        'letter' as channel,
        'paid' as kind,
        campaign_type as topic,

        -- booleans
        {{ cercle.is_current_version(['campaign_id']) }} as is_current_version,

        -- timestamps: first instant of the first day, first instant after the last
        start_date::timestamp at time zone 'UTC' as updated_at,
        start_date::timestamp at time zone 'UTC' as starts_at,
        (end_date + 1)::timestamp at time zone 'UTC' as ends_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
