-- M4. Unanswered per complaint and people unanswered per person who wrote, by channel and control of the venue; the published 21 % stand
-- beside. Satisfaction after a negative post comes with the voice issue.
with

waiting as (
    select
        channel,
        coalesce(venue_control, 'not known') as venue_control,
        customer_id,
        intent,
        is_answered
    from marts.interactions
    where is_answer_needed
),

people as (
    select
        channel,
        venue_control,
        customer_id,
        bool_or(is_answered) as is_answered
    from waiting
    where customer_id is not null
    group by channel, venue_control, customer_id
),

people_counted as (
    select
        channel,
        venue_control,
        count(*) as person_count,
        count(*) filter (where not is_answered) as unanswered_person_count
    from people
    group by channel, venue_control
),

complaints as (
    select
        channel,
        venue_control,
        count(*) as contact_count,
        count(*) filter (where not is_answered) as unanswered_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        count(*) filter (where intent = 'complaint' and not is_answered) as unanswered_complaint_count
    from waiting
    group by channel, venue_control
)

select
    complaints.*,
    round(100.0 * complaints.unanswered_complaint_count / nullif(complaints.complaint_count, 0), 1) as unanswered_complaint_percent,
    people_counted.person_count,
    people_counted.unanswered_person_count,
    market_comparison.published_figure as published_unanswered_percent
from complaints
left join people_counted
    on complaints.channel = people_counted.channel
    and complaints.venue_control = people_counted.venue_control
left join marts.market_comparison
    on market_comparison.figure_key = 'm4_complaints_unanswered'
    and complaints.channel = 'social'
order by complaints.channel, complaints.venue_control;
