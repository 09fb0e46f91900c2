-- Who speaks for the company: var cercle_x_accounts, the numbers of its accounts (x:123); without it the accounts that another source names.
{%- set accounts = var('cercle_x_accounts', []) %}
with

source as (
    select *
    from {{ source('raw', 'x__tweets') }}
    where {{ cercle.is_admitted() }}
),

referring as (
    select
        *,
        jsonb_path_query_first(referenced_tweets, '$[*] ? (@.type == "replied_to").id') #>> '{}' as answered_id,
        jsonb_path_exists(referenced_tweets, '$[*] ? (@.type == "retweeted")') as is_retweet,
        {{ cercle.is_listed('author_ref', accounts) }} as is_from_brand
    from source
),

renamed as (
    select
        -- ids
        'interactions:' || _source || ':' || tweet_id as record_key,
        _source as source_name,
        tweet_id as interaction_id,
        author_ref,
        case when is_from_brand then answered_ref end as recipient_ref,
        'x:' || answered_id as parent_id,
        conversation_id,

        -- strings
        'x' as platform,
        case
            when is_retweet then 'reaction'
            when answered_id is not null then 'reply'
            when is_from_brand then 'post'
            else 'mention'
        end as kind,
        body,
        nullif(language, 'und') as language,

        -- numerics
        likes_count,
        retweets_count + coalesce(quotes_count, 0) as shares_count,

        -- booleans
        is_from_brand,
        {{ cercle.is_current_version(['tweet_id']) }} as is_current_version,

        -- timestamps
        created_at as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from referring
)

select * from renamed
