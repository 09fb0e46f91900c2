{{ config(materialized='view') }}

with

accounts as (
    {{ cercle.union_inputs('accounts') }}
),

-- Several sources may deliver one account: the newest word counts, ties by record key.
described as (
    select distinct on (account_ref)
        -- ids
        account_ref as brand_account_id,
        brand_id,

        -- strings
        platform,
        account_purpose
    from accounts
    where is_brand_account
    order by account_ref, updated_at desc, record_key
)

select * from described
