-- Requesters and agents alike are accounts at the help desk: agents are the company's own, and nobody's customer.
with

source as (
    select *
    from {{ source('raw', 'zendesk__users') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'accounts:' || _source || ':' || user_id as record_key,
        _source as source_name,
        'zendesk:' || _source || ':' || user_id as account_ref,
        user_id as customer_ref,

        -- strings
        'zendesk' as platform,
        name as display_name,
        email,
        phone,
        case when role <> 'end-user' then 'service' end as account_purpose,
        lower(split_part(locale, '-', 1)) as language,

        -- booleans
        role <> 'end-user' as is_brand_account,
        {{ cercle.is_current_version(['user_id'], 'updated_at') }} as is_current_version,

        -- timestamps
        updated_at,
        created_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
