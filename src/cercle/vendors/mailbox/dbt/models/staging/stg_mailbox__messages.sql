-- A message is the company's when it was sent from a domain of its own (var cercle_mailbox_domains); where none is named, when no server
-- brought it into the mailbox.
{%- set domains = var('cercle_mailbox_domains', []) %}
with

source as (
    select *
    from {{ source('raw', 'mailbox__messages') }}
    where {{ cercle.is_admitted() }}
),

directed as (
    select
        *,
        {%- if domains %}
        lower(split_part(from_address, '@', 2)) in (
            {%- for domain in domains %}
            '{{ domain | lower }}'{{ "," if not loop.last }}
            {%- endfor %}
        )
        {%- else %}
        not is_received
        {%- endif %} as is_outbound
    from source
),

renamed as (
    select
        -- ids
        'messages:' || _source || ':' || message_id as record_key,
        _source as source_name,
        message_id,
        thread_id,

        -- strings
        case when is_outbound then 'outbound' else 'inbound' end as direction,
        from_address,
        from_name,
        to_address,
        to_name,
        case when is_outbound then from_address else coalesce(delivered_to, to_address) end as mailbox,
        in_reply_to,
        subject,
        body,
        lower(split_part(language, '-', 1)) as language,

        -- booleans
        is_automatic,
        is_bulk,
        {{ cercle.is_current_version(['message_id']) }} as is_current_version,

        -- timestamps
        sent_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from directed
)

select * from renamed
