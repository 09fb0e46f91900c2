with

source as (
    select *
    from {{ source('raw', 'social__interactions') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || interaction_id as record_key,
        _source as source_name,
        interaction_id,
        author_ref,
        recipient_ref,
        parent_id,
        conversation_id,
        campaign_id,
        order_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        platform,
        kind,
        venue,
        venue_control,
        body,
        language,

        -- numerics
        rating,
        rating_max,
        likes_count,
        shares_count,

        -- booleans
        is_from_brand,
        {{ cercle.is_current_version(['interaction_id']) }} as is_current_version,

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
