with

accounts as (
    {{ cercle.union_inputs('accounts') }}
),

listed as (
    select
        account_ref,
        min(brand_id) as brand_id,
        min(account_purpose) as account_purpose
    from accounts
    where is_brand_account
    group by account_ref
)

select * from listed
