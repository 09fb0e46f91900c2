with

source as (
    select *
    from {{ source('raw', 'privacy__notices') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'notices:' || _source || ':' || notice_id || ':' || notice_version as record_key,
        _source as source_name,
        notice_id,

        -- strings
        notice_version,
        language,
        controller,
        jurisdiction,
        wording,
        coverage,
        recipients,

        -- booleans
        {{ cercle.is_current_version(['notice_id', 'notice_version'], 'recorded_at') }} as is_current_version,

        -- timestamps
        recorded_at,
        valid_from,
        valid_to,
        invalidated_from,
        invalidation_known_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
