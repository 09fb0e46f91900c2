with

source as (
    select *
    from {{ source('raw', 'complete_journey__demographics') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'customers:' || _source || ':' || household_id as record_key,
        _source as source_name,
        household_id as customer_ref,

        -- strings
        'loyalty' as kind,
        'unknown' as gender,
        'US' as country_code,
        'en' as language,

        -- booleans
        {{ cercle.is_current_version(['household_id']) }} as is_current_version,

        -- timestamps: the survey carries no date; the study begins on this day
        '2017-01-01 00:00:00+00'::timestamptz as updated_at,
        '2017-01-01 00:00:00+00'::timestamptz as created_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
