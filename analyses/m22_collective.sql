-- M22. Customers linked, never merged: households by size, with their own value. Groups of friends come with the people issue.
with

sizes as (
    select
        household_members.household_id,
        count(*) as member_count,
        sum(customer_360.net_revenue_amount) as net_revenue_amount,
        min(customer_360.currency_code) as currency_code
    from marts.household_members
    inner join marts.customer_360 on household_members.customer_id = customer_360.customer_id
    group by household_members.household_id
)

select
    member_count,
    count(*) as household_count,
    sum(net_revenue_amount) as net_revenue_amount,
    min(currency_code) as currency_code
from sizes
group by member_count
order by member_count;
