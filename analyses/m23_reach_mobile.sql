-- M23. Reach: customers and prospects with a linked account, and the share of mobiles (tablets among them) in orders and in contacts whose
-- device is known. A linked account is a lower bound of who belongs to a network.
with

linked as (
    select distinct customer_id
    from marts.customer_identifiers
    where identifier_type in ('account_ref', 'handle')
),

figures as (
    select
        'linked account' as figure,
        'm23_belong_to_a_network' as figure_key,
        count(linked.customer_id) as found_count,
        count(*) as all_count
    from marts.customer_360
    left join linked on customer_360.customer_id = linked.customer_id
    where customer_360.relationship <> 'unknown'
    union all
    select
        'orders from a mobile' as figure,
        'm23_use_mobile' as figure_key,
        count(*) filter (where device in ('mobile', 'tablet')) as found_count,
        count(*) as all_count
    from marts.orders
    where device in ('desktop', 'mobile', 'tablet')
    union all
    select
        'contacts from a mobile' as figure,
        'm23_use_mobile' as figure_key,
        count(*) filter (where device in ('mobile', 'tablet')) as found_count,
        count(*) as all_count
    from marts.interactions
    where direction = 'inbound' and not is_automatic and device in ('desktop', 'mobile', 'tablet')
)

select
    figures.figure,
    figures.found_count,
    figures.all_count,
    round(100.0 * figures.found_count / nullif(figures.all_count, 0), 1) as found_percent,
    market_comparison.published_figure as published_percent
from figures
left join marts.market_comparison on figures.figure_key = market_comparison.figure_key
order by figures.figure;
