-- Who unsubscribed is stopped. Who is subscribed is said to be so by the shop, without form, notice or proof: that gives nothing.
with

source as (
    select *
    from {{ source('raw', 'shopify__customers') }}
    where {{ cercle.is_admitted() }}
),

said as (
    select
        *,
        'email' as channel,
        'email:' || email as contact_point,
        email_consent as state,
        email_consent_at as said_at
    from source
    where email is not null
    union all
    select
        *,
        'sms' as channel,
        'tel:' || phone as contact_point,
        sms_consent as state,
        sms_consent_at as said_at
    from source
    where phone is not null
),

numbered as (
    select
        *,
        channel || ':' || customer_id || ':' || extract(epoch from coalesce(said_at, updated_at))::bigint::text as event_id
    from said
    where state in ('unsubscribed', 'redacted')
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        customer_id as source_ref,

        -- strings
        _source as source_system,
        'consent_withdrawn' as type,
        contact_point,
        channel,
        'subject' as actor,
        'unsubscribe' as method,

        -- booleans
        {{ cercle.is_current_version(['event_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        coalesce(said_at, updated_at) as recorded_at,
        said_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
