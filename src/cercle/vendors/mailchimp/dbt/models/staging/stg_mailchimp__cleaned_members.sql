-- Mailchimp gives an address up when it bounces for good, or too often.
with

source as (
    select *
    from {{ source('raw', 'mailchimp__cleaned_members') }}
    where {{ cercle.is_admitted() }}
),

numbered as (
    select
        *,
        'cleaned:' || member_id || ':' || extract(epoch from cleaned_at)::bigint::text as event_id
    from source
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        member_id as source_ref,

        -- strings
        _source as source_system,
        'hard_bounce' as type,
        'email:' || email as contact_point,
        'email' as channel,
        'system' as actor,
        'bounce' as method,

        -- booleans
        {{ cercle.is_current_version(['event_id'], 'changed_at') }} as is_current_version,

        -- timestamps
        cleaned_at as recorded_at,
        cleaned_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
