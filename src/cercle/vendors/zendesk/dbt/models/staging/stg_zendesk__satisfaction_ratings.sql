-- A rating that was offered, and not given, is no answer.
with

source as (
    select *
    from {{ source('raw', 'zendesk__satisfaction_ratings') }}
    where {{ cercle.is_admitted() }}
        and (score like 'good%' or score like 'bad%')
),

renamed as (
    select
        -- ids
        'survey_answers:' || _source || ':' || rating_id as record_key,
        _source as source_name,
        rating_id as answer_id,
        'zendesk' as survey_id,
        requester_id as customer_ref,

        -- strings
        'satisfaction' as question_key,
        coalesce(comment, reason) as answer_text,
        'contact' as about_kind,

        -- numerics
        case when score like 'good%' then 1 else 0 end::numeric as score,
        1::numeric as score_max,

        -- booleans
        {{ cercle.is_current_version(['rating_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at as answered_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
