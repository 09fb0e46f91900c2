with

source as (
    select *
    from {{ source('raw', 'contact__survey_answers') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'survey_answers:' || _source || ':' || answer_id as record_key,
        _source as source_name,
        answer_id,
        survey_id,
        about_id,
        customer_ref,
        brand_id,

        -- strings
        question_key,
        answer_text,
        about_kind,
        customer_source,
        email,
        language,

        -- numerics
        score,
        score_max,

        -- booleans
        {{ cercle.is_current_version(['answer_id']) }} as is_current_version,

        -- timestamps
        answered_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
