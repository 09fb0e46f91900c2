-- A page's posts name their author only to who may see it: the number before the underscore is the page, and it speaks for the company.
{%- set pages = var('cercle_facebook_pages', []) %}
with

source as (
    select *
    from {{ source('raw', 'facebook__posts') }}
    where {{ cercle.is_admitted() }}
),

authored as (
    select
        *,
        split_part(post_id, '_', 1) as page_ref,
        coalesce(author_ref, split_part(post_id, '_', 1)) as known_author_ref
    from source
),

sided as (
    select
        *,
        coalesce({{ cercle.is_listed('known_author_ref', pages) }}, known_author_ref = page_ref) as is_from_brand
    from authored
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || post_id as record_key,
        _source as source_name,
        post_id as interaction_id,
        known_author_ref as author_ref,
        'facebook:' || split_part(post_id, '_', 2) as conversation_id,

        -- strings
        'facebook' as platform,
        case when is_from_brand then 'post' else 'mention' end as kind,
        page_ref as venue,
        'owned' as venue_control,
        body,

        -- numerics
        reactions_count as likes_count,
        shares_count,

        -- booleans
        is_from_brand,
        {{ cercle.is_current_version(['post_id']) }} as is_current_version,

        -- timestamps
        created_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from sided
)

select * from renamed
