-- The link in a mail was used, or the form: from that moment on no e-mail. A member who comes back says so by a new form, with its proof.
with

source as (
    select *
    from {{ source('raw', 'mailchimp__unsubscribed_members') }}
    where {{ cercle.is_admitted() }}
),

numbered as (
    select
        *,
        'unsubscription:' || member_id || ':' || extract(epoch from unsubscribed_at)::bigint::text as event_id
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
        'consent_withdrawn' as type,
        'email:' || email as contact_point,
        'email' as channel,
        'subject' as actor,
        'unsubscribe' as method,

        -- booleans
        {{ cercle.is_current_version(['event_id'], 'changed_at') }} as is_current_version,

        -- timestamps
        unsubscribed_at as recorded_at,
        unsubscribed_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
