-- BLACKLISTED turns the meaning around: Yes is a refusal. No is no permission either, so that nothing is said of it. The file does not say
-- when the contact was blocked: the stop counts from the last change of the record on.
with

source as (
    select *
    from {{ source('raw', 'brevo__contacts') }}
    where {{ cercle.is_admitted() }}
),

blocks as (
    select
        *,
        'email' as channel,
        'email:' || email as contact_point
    from source
    where is_email_blocked and email is not null
    union all
    select
        *,
        'sms' as channel,
        'tel:+' || ltrim(phone, '+') as contact_point
    from source
    where is_sms_blocked and phone is not null
),

numbered as (
    select
        *,
        channel || '_blacklisted:' || _row_hash::text || ':' || _occurrence::text as event_id
    from blocks
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,

        -- strings
        _source as source_system,
        'consent_withdrawn' as type,
        contact_point,
        channel,
        'subject' as actor,
        'blacklisted' as method,

        -- booleans
        true as is_current_version,

        -- timestamps
        modified_at as recorded_at,
        null::timestamptz as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
