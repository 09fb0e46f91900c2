-- A comment's number begins with its post's; the page stands in its address alone.
{%- set pages = var('cercle_facebook_pages', []) %}
with

source as (
    select *
    from {{ source('raw', 'facebook__comments') }}
    where {{ cercle.is_admitted() }}
),

placed as (
    select
        *,
        'facebook:' || substring(permalink from 'facebook[.]com/([0-9]+)/posts/') as page_ref,
        split_part(comment_id, '_', 1) as thread_id
    from source
),

sided as (
    select
        *,
        coalesce({{ cercle.is_listed('author_ref', pages) }}, author_ref = page_ref) as is_from_brand
    from placed
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || comment_id as record_key,
        _source as source_name,
        comment_id as interaction_id,
        author_ref,
        coalesce(answered_id, page_ref || '_' || substr(thread_id, length('facebook:') + 1)) as parent_id,
        thread_id as conversation_id,

        -- strings
        'facebook' as platform,
        case when answered_id is not null or is_from_brand then 'reply' else 'comment' end as kind,
        page_ref as venue,
        'owned' as venue_control,
        body,

        -- numerics
        likes_count,

        -- booleans
        is_from_brand,
        {{ cercle.is_current_version(['comment_id']) }} as is_current_version,

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
