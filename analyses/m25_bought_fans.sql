-- M25. Followers won by promotion or not, per page and month, with the views; and what followed: reactions and comments below the page's
-- posts in the same month, and the customers among these voices who ordered within 30 days. Followers and views are the networks' figures.
with

months as (
    select
        brand_account_id,
        platform,
        date_trunc('month', day_date)::date as month_date,
        sum(followers_gained_count) as gained_count,
        sum(followers_gained_by_promotion_count) as gained_by_promotion_count,
        sum(views_count) as views_count,
        sum(views_by_promotion_count) as views_by_promotion_count
    from marts.page_daily
    group by brand_account_id, platform, date_trunc('month', day_date)::date
),

words as (
    select
        interactions.brand_account_id,
        date_trunc('month', interactions.occurred_at at time zone 'Europe/Paris')::date as month_date,
        interactions.interaction_id,
        interactions.customer_id,
        exists(
            select 1
            from marts.orders
            where orders.customer_id = interactions.customer_id
                and orders.status = 'completed'
                and orders.ordered_at > interactions.occurred_at
                and orders.ordered_at <= interactions.occurred_at + interval '30 days'
        ) as has_ordered
    from marts.interactions
    where interactions.brand_account_id is not null and interactions.direction = 'inbound' and interactions.is_public
),

words_counted as (
    select
        brand_account_id,
        month_date,
        count(*) as engagement_count,
        count(distinct customer_id) as engaged_customer_count,
        count(distinct customer_id) filter (where has_ordered) as buyer_count
    from words
    group by brand_account_id, month_date
)

select
    months.platform,
    months.brand_account_id,
    months.month_date,
    months.gained_count,
    months.gained_by_promotion_count,
    months.views_count,
    months.views_by_promotion_count,
    coalesce(words_counted.engagement_count, 0) as engagement_count,
    coalesce(words_counted.engaged_customer_count, 0) as engaged_customer_count,
    coalesce(words_counted.buyer_count, 0) as buyer_count
from months
left join words_counted
    on months.brand_account_id = words_counted.brand_account_id
    and months.month_date = words_counted.month_date
order by months.brand_account_id, months.month_date;
