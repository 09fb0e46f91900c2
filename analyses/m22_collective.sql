-- M22. Customers linked, never merged: households, and groups of friends who book together, by size, with their own net revenue. A member of
-- several groups counts in each: revenue is not to be added up over rows. A member nobody could be linked to counts for the size alone.
with

members as (
    select
        'household' as link,
        household_id as link_id,
        customer_id
    from marts.household_members
    union all
    select
        'group' as link,
        group_id as link_id,
        customer_id
    from marts.group_members
),

sizes as (
    select
        members.link,
        members.link_id,
        count(*) as member_count,
        count(distinct members.customer_id) as customer_count,
        coalesce(sum(customer_360.net_revenue_amount), 0) as net_revenue_amount,
        min(customer_360.currency_code) as currency_code
    from members
    left join marts.customer_360 on members.customer_id = customer_360.customer_id
    group by members.link, members.link_id
)

select
    link,
    member_count,
    count(*) as link_count,
    sum(customer_count) as customer_count,
    sum(net_revenue_amount) as net_revenue_amount,
    min(currency_code) as currency_code
from sizes
group by link, member_count
order by link desc, member_count;
