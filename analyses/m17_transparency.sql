-- M17. What is held about people, and on what ground it is used: per attribute the values, the customers and the sources that they come
-- from; beside it the customers of whom a permission, refusal or sale says something, and the decisions that allow, with their evidence.
-- What is held about one person is `cercle privacy subject-access`.
with

permissions as (
    select
        count(*) filter (where is_consent_known) as permission_known_count,
        count(*) as all_customer_count
    from marts.customer_360
),

decisions as (
    select
        count(*) filter (where decision = 'ALLOW') as allowed_count,
        count(*) filter (where decision = 'ALLOW' and (evidence_event_id is not null or basis is not null)) as allowed_on_record_count
    from marts.contactability
)

select
    customer_attributes.attribute,
    count(*) as value_count,
    count(distinct customer_attributes.customer_id) as customer_count,
    count(distinct customer_attributes.source_name) as source_count,
    permissions.all_customer_count,
    permissions.permission_known_count,
    decisions.allowed_count,
    decisions.allowed_on_record_count,
    market_comparison.published_figure as published_worried_percent
from marts.customer_attributes
cross join permissions
cross join decisions
left join marts.market_comparison on market_comparison.figure_key = 'm17_worry_about_data'
group by
    customer_attributes.attribute,
    permissions.all_customer_count,
    permissions.permission_known_count,
    decisions.allowed_count,
    decisions.allowed_on_record_count,
    market_comparison.published_figure
order by value_count desc, customer_attributes.attribute;
