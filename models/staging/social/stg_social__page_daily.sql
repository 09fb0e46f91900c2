with

source as (
    select *
    from {{ source('raw', 'social__page_daily') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'page_daily:' || _source || ':' || platform || ':' || page_ref || ':' || day_date::text as record_key,
        _source as source_name,
        page_ref,

        -- strings
        platform,

        -- numerics
        followers_count,
        followers_gained_count,
        followers_gained_by_promotion_count,
        views_count,
        views_by_promotion_count,

        -- booleans
        {{ cercle.is_current_version(['platform', 'page_ref', 'day_date'], 'reported_at') }} as is_current_version,

        -- dates
        day_date,

        -- timestamps
        reported_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
