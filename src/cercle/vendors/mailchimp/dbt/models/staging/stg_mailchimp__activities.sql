-- The report has no number per act: identical ones of a file are counted.
with

source as (
    select *
    from {{ source('raw', 'mailchimp__activities') }}
    where {{ cercle.is_admitted() }}
),

numbered as (
    select
        *,
        _row_hash::text || ':' || _occurrence::text as event_id
    from source
    where action in ('open', 'click', 'bounce')
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        campaign_id,

        -- strings
        action as kind,
        email,
        case when action = 'bounce' then case when bounce_class = 'soft' then 'soft' else 'hard' end end as bounce_type,
        link_url,

        -- booleans
        true as is_current_version,

        -- timestamps
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
