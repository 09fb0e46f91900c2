-- What says what became of an e-mail. Left out are deferred, blocked and error (it was not sent, or is tried again), list_addition, and
-- what opens by itself (proxy_open). Brevo's events have no number of their own: identical ones of a file are counted.
with

source as (
    select *
    from {{ source('raw', 'brevo__events') }}
    where {{ cercle.is_admitted() }}
),

named as (
    select
        *,
        _row_hash::text || ':' || _occurrence::text as event_id,
        case
            when event in ('request', 'requests', 'sent') then 'sent'
            when event = 'delivered' then 'delivered'
            when event in ('opened', 'unique_opened', 'first_opening', 'open') then 'open'
            when event in ('click', 'clicks', 'clicked') then 'click'
            when event in ('hard_bounce', 'hardBounces', 'soft_bounce', 'softBounces', 'invalid_email', 'invalid') then 'bounce'
            when event in ('complaint', 'spam') then 'complaint'
            when event in ('unsubscribed', 'unsubscribe') then 'unsubscribe'
        end as kind
    from source
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        coalesce(campaign_id, tags ->> 0, tags #>> '{}', template_id) as campaign_id,

        -- strings
        kind,
        email,
        case when kind = 'bounce' then case when event like 'soft%' then 'soft' else 'hard' end end as bounce_type,
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
    from named
    where kind is not null
)

select * from renamed
