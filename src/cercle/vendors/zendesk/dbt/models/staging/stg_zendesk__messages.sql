with

ticket_comments as (
    select *
    from {{ ref('stg_zendesk__ticket_comments') }}
    where channel = 'email'
),

renamed as (
    select
        -- ids
        'messages:' || source_name || ':' || comment_id as record_key,
        source_name,
        comment_id as message_id,
        thread_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        direction,
        case when direction = 'inbound' then coalesce(from_address, requester_email) end as from_address,
        case when direction = 'inbound' then coalesce(from_name, requester_name) end as from_name,
        case when direction = 'inbound' then to_address else requester_email end as to_address,
        case when direction = 'outbound' then requester_name end as to_name,
        case when direction = 'inbound' then to_address end as mailbox,
        subject,
        body,

        -- booleans
        is_current_version,

        -- timestamps
        occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from ticket_comments
)

select * from renamed
