-- A conversation between two is called by both accounts, 123-456: the other one is who is addressed.
{%- set accounts = var('cercle_x_accounts', []) %}
with

source as (
    select *
    from {{ source('raw', 'x__dm_events') }}
    where {{ cercle.is_admitted() }}
        and event_type = 'MessageCreate'
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || event_id as record_key,
        _source as source_name,
        event_id as interaction_id,
        sender_ref as author_ref,
        case
            when conversation_id ~ '^[0-9]+-[0-9]+$'
                then 'x:' || btrim(replace('-' || conversation_id || '-', '-' || substr(sender_ref, 3) || '-', '-'), '-')
        end as recipient_ref,
        'dm:' || conversation_id as conversation_id,

        -- strings
        'x' as platform,
        'direct_message' as kind,
        body,

        -- booleans
        {{ cercle.is_listed('sender_ref', accounts) }} as is_from_brand,
        {{ cercle.is_current_version(['event_id']) }} as is_current_version,

        -- timestamps
        created_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
