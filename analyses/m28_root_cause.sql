-- M28. Contact reasons by process step, before and after: topics that agents coded, in the last 90 days of contacts and in the 90 days before,
-- per 100 orders placed in each. A fix shows as a ratio well below 1, a new fault well above. Put other days into `periods` to look around a
-- change of your own.
with

bounds as (
    select max(day_date) as last_date
    from marts.topics_daily
),

periods as (
    select
        'after' as period,
        last_date - 89 as from_date,
        last_date as to_date
    from bounds
    union all
    select
        'before' as period,
        last_date - 179 as from_date,
        last_date - 90 as to_date
    from bounds
),

order_counts as (
    select
        count(*) filter (where periods.period = 'before') as before_count,
        count(*) filter (where periods.period = 'after') as after_count
    from marts.orders
    inner join periods on (orders.ordered_at at time zone 'Europe/Paris')::date between periods.from_date and periods.to_date
),

contact_counts as (
    select
        topics_daily.process_step,
        topics_daily.topic,
        coalesce(sum(topics_daily.contact_count) filter (where periods.period = 'before'), 0) as before_count,
        coalesce(sum(topics_daily.contact_count) filter (where periods.period = 'after'), 0) as after_count
    from marts.topics_daily
    inner join periods on topics_daily.day_date between periods.from_date and periods.to_date
    where topics_daily.topic <> 'not_classified'
    group by topics_daily.process_step, topics_daily.topic
)

select
    contact_counts.process_step,
    contact_counts.topic,
    contact_counts.before_count as before_contact_count,
    contact_counts.after_count as after_contact_count,
    order_counts.before_count as before_order_count,
    order_counts.after_count as after_order_count,
    round(100.0 * contact_counts.before_count / nullif(order_counts.before_count, 0), 2) as before_per_100_orders,
    round(100.0 * contact_counts.after_count / nullif(order_counts.after_count, 0), 2) as after_per_100_orders,
    round(
        contact_counts.after_count * order_counts.before_count
        / nullif(contact_counts.before_count * order_counts.after_count, 0)::numeric,
        2
    ) as ratio
from contact_counts
cross join order_counts
order by ratio nulls last, contact_counts.topic;
