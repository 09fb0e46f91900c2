-- M18. Customers and prospects with a linked account, by generation: a lower bound, beside the published figure.
with

linked as (
    select distinct customer_id
    from marts.customer_identifiers
    where identifier_type in ('account_ref', 'handle')
)

select
    case when grouping(customer_360.generation) = 1 then 'all' else coalesce(customer_360.generation, 'unknown') end as generation,
    count(*) as customer_count,
    count(linked.customer_id) as linked_count,
    round(100.0 * count(linked.customer_id) / count(*), 1) as linked_percent,
    case when grouping(customer_360.generation) = 0 then min(market_comparison.published_figure) end as published_percent
from marts.customer_360
left join linked on customer_360.customer_id = linked.customer_id
left join marts.market_comparison
    on market_comparison.figure_key = case customer_360.generation
        when '18-30' then 'm18_users_18_30'
        when '31-50' then 'm18_users_31_50'
        when '51+' then 'm18_users_51_plus'
    end
where customer_360.relationship <> 'unknown'
group by rollup (customer_360.generation)
order by grouping(customer_360.generation), customer_360.generation;
