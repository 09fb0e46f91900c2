-- A double opt-in is proven by the time and the address of the form, and by those of the click that confirmed it. Where one of the four is
-- missing, the member was imported or put there by the company: that is said too, without proof, and allows nothing. Who signs up again
-- has a new time, and is a new event.
{%- set notices = var('cercle_sign_up_notices', {}) %}
with

source as (
    select *
    from {{ source('raw', 'mailchimp__subscribed_members') }}
    where {{ cercle.is_admitted() }}
),

judged as (
    select
        *,
        opted_in_at is not null and optin_ip is not null and confirmed_at is not null and confirm_ip is not null as is_proven,
        member_id || ':' || extract(epoch from coalesce(opted_in_at, confirmed_at, changed_at))::bigint::text as sign_up_id
    from source
),

events as (
    select
        *,
        'optin:' || sign_up_id as event_id,
        'consent_given' as type,
        coalesce(opted_in_at, confirmed_at, changed_at) as occurred_at,
        case when is_proven then optin_ip end as evidence
    from judged
    union all
    select
        *,
        'confirmation:' || sign_up_id as event_id,
        'doi_confirmed' as type,
        confirmed_at as occurred_at,
        confirm_ip as evidence
    from judged
    where is_proven
),

renamed as (
    select
        -- ids
        'consent_events:' || _source || ':' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        member_id as source_ref,
        case when type = 'doi_confirmed' then 'optin:' || sign_up_id end as for_event_id,
        {{ cercle.sign_up_notice(notices, 'notice_id') }} as notice_id,

        -- strings
        _source as source_system,
        type,
        'email:' || email as contact_point,
        'email' as channel,
        'direct_marketing' as purpose,
        case when is_proven then 'subject' else 'operator' end as actor,
        case when is_proven then 'web_form' else 'bulk_import' end as method,
        {{ cercle.sign_up_notice(notices, 'notice_version') }} as notice_version,
        evidence,

        -- booleans
        is_proven as is_double_opt_in,
        {{ cercle.is_current_version(['event_id'], 'changed_at') }} as is_current_version,

        -- timestamps
        occurred_at as recorded_at,
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from events
)

select * from renamed
