-- What the requester writes comes in, what others write goes out to the requester: by the channel of the ticket, for an agent's comment
-- is `web` in Zendesk whatever it becomes, and on a ticket from a call it becomes an e-mail. Internal notes are no contact.
with

source as (
    select *
    from {{ source('raw', 'zendesk__ticket_comments') }}
    where {{ cercle.is_admitted() }}
        and is_public
),

directed as (
    select
        *,
        coalesce(author_id = requester_id, false) as is_inbound,
        coalesce(case when author_id = requester_id then channel else ticket_channel end, channel) as via
    from source
),

renamed as (
    select
        -- ids
        'ticket_comments:' || _source || ':' || comment_id as record_key,
        _source as source_name,
        comment_id,
        ticket_id as thread_id,
        _source || ':' || ticket_id as case_id,
        requester_id as customer_ref,
        case when not is_inbound then author_id end as agent_id,
        answered_by_id,
        brand_id,

        -- strings
        case when is_inbound then 'inbound' else 'outbound' end as direction,
        case
            when type = 'VoiceComment' then 'phone'
            when via in ('email', 'voice') then 'email'
            when via in ('mobile', 'mobile_sdk') then 'mobile_app'
            when via = 'sms' then 'sms'
            when via in ('web', 'web_form', 'web_service', 'web_widget', 'help_center', 'api') then 'web_form'
            else 'chat'
        end as channel,
        relation,
        requester_email,
        requester_name,
        from_address,
        from_name,
        to_address,
        called_from,
        called_to,
        subject,
        body,
        transcript,

        -- numerics
        call_seconds,

        -- booleans
        {{ cercle.is_current_version(['comment_id']) }} as is_current_version,

        -- timestamps
        created_at as occurred_at,
        call_started_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from directed
)

select * from renamed
