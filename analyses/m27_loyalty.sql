-- M27. Retention and lapse by cohort (month of the first completed order) and by service experience in the 90 days from it: no question that
-- waits for an answer, all answered, or one without. Retained: another completed order in the 90 days after these. Cohorts for which these 180
-- days have not passed yet are left out, by the newest order.
with

completed as (
    select
        customer_id,
        ordered_at
    from marts.orders
    where status = 'completed' and customer_id is not null
),

newest as (
    select max(ordered_at) as newest_at
    from completed
),

firsts as (
    select
        customer_id,
        min(ordered_at) as first_at
    from completed
    group by customer_id
),

served as (
    select
        firsts.customer_id,
        firsts.first_at,
        count(interactions.interaction_id) as question_count,
        count(interactions.interaction_id) filter (where not interactions.is_answered) as unanswered_count
    from firsts
    cross join newest
    left join marts.interactions
        on firsts.customer_id = interactions.customer_id
        and interactions.is_answer_needed
        and firsts.first_at <= interactions.occurred_at
        and interactions.occurred_at < firsts.first_at + interval '90 days'
    where firsts.first_at < newest.newest_at - interval '180 days'
    group by firsts.customer_id, firsts.first_at
),

followed as (
    select
        served.*,
        exists(
            select 1
            from completed
            where completed.customer_id = served.customer_id
                and completed.ordered_at >= served.first_at + interval '90 days'
                and completed.ordered_at < served.first_at + interval '180 days'
        ) as is_retained
    from served
)

select
    date_trunc('month', first_at at time zone 'Europe/Paris')::date as cohort_month_date,
    case when question_count = 0 then 'no question' when unanswered_count = 0 then 'answered' else 'unanswered' end as service_experience,
    count(*) as customer_count,
    count(*) filter (where is_retained) as retained_count,
    count(*) filter (where not is_retained) as lapsed_count,
    round(100.0 * count(*) filter (where is_retained) / count(*), 1) as retained_percent
from followed
group by
    date_trunc('month', first_at at time zone 'Europe/Paris')::date,
    case when question_count = 0 then 'no question' when unanswered_count = 0 then 'answered' else 'unanswered' end
order by cohort_month_date, service_experience;
