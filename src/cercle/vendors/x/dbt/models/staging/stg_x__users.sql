-- X does not say when an account was changed: the day on which it was made stands for all of its versions.
{%- set accounts = var('cercle_x_accounts', []) %}
with

source as (
    select *
    from {{ source('raw', 'x__users') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'accounts:' || _source || ':' || account_ref as record_key,
        _source as source_name,
        account_ref,

        -- strings
        'x' as platform,
        handle,
        display_name,
        location as city,

        -- numerics
        followers_count,

        -- booleans
        coalesce({{ cercle.is_listed('account_ref', accounts) }}, false) as is_brand_account,
        {{ cercle.is_current_version(['account_ref']) }} as is_current_version,

        -- timestamps
        created_at as updated_at,
        created_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
