{{ config(materialized='view') }}

with

page_days as (
    {{ cercle.union_inputs('page_daily') }}
),

-- Several sources may report one page: the newest word counts, ties by record key.
described as (
    select distinct on (page_ref, day_date)
        -- ids
        page_ref as brand_account_id,

        -- strings
        platform,

        -- numerics
        followers_count,
        followers_gained_count,
        followers_gained_by_promotion_count,
        views_count,
        views_by_promotion_count,

        -- dates
        day_date
    from page_days
    order by page_ref, day_date, reported_at desc, record_key
)

select * from described
