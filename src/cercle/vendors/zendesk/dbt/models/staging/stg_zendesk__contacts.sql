with

ticket_comments as (
    select *
    from {{ ref('stg_zendesk__ticket_comments') }}
    where channel not in ('email', 'phone')
),

renamed as (
    select
        -- ids
        'contacts:' || source_name || ':' || comment_id as record_key,
        source_name,
        comment_id as contact_id,
        customer_ref,
        thread_id,
        case_id,
        agent_id,
        brand_id,

        -- strings
        channel,
        direction,
        requester_email as email,
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
