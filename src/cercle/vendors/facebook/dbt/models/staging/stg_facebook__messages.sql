{%- set pages = var('cercle_facebook_pages', []) -%}
with

source as (
    select *
    from {{ source('raw', 'facebook__messages') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || message_id as record_key,
        _source as source_name,
        message_id as interaction_id,
        sender_ref as author_ref,
        recipient_ref,
        conversation_id,

        -- strings
        'facebook' as platform,
        'direct_message' as kind,
        body,

        -- booleans
        {{ cercle.is_listed('sender_ref', pages) }} as is_from_brand,
        {{ cercle.is_current_version(['message_id']) }} as is_current_version,

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
