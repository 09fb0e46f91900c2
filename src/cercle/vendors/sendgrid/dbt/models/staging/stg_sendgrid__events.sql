-- What says what became of an e-mail. Left out are deferred (it is tried again), dropped (it was never sent), and a group_resubscribe:
-- what a mail platform says of a permission may end one, and never gives one.
with

source as (
    select *
    from {{ source('raw', 'sendgrid__events') }}
    where {{ cercle.is_admitted() }}
),

named as (
    select
        *,
        case event
            when 'processed' then 'sent'
            when 'delivered' then 'delivered'
            when 'open' then 'open'
            when 'click' then 'click'
            when 'bounce' then 'bounce'
            when 'spamreport' then 'complaint'
            when 'unsubscribe' then 'unsubscribe'
            when 'group_unsubscribe' then 'unsubscribe'
        end as kind
    from source
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id,
        coalesce(campaign_id, category ->> 0, category #>> '{}') as campaign_id,

        -- strings
        kind,
        email,
        case when kind = 'bounce' then case when bounce_class = 'blocked' then 'soft' else 'hard' end end as bounce_type,
        link_url,

        -- booleans
        {{ cercle.is_current_version(['event_id']) }} as is_current_version,

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
