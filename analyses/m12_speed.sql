-- M12. First response and resolution per channel against the target; escalations; complaints opened in public, with an unanswered
-- private contact of the same customer before, or without.
with

levels as (
    select
        channel,
        measure,
        count(*) as measured_count,
        count(*) filter (where is_open) as open_count,
        count(*) filter (where is_breached) as breached_count,
        round(100.0 * count(*) filter (where not is_breached) / nullif(count(is_breached), 0), 1) as within_target_percent,
        round((percentile_cont(0.5) within group (order by elapsed_business_minutes))::numeric, 1) as median_business_minutes,
        min(target_minutes) as target_minutes
    from marts.service_levels
    where measure in ('first_response', 'resolution')
    group by channel, measure
),

public_complaints as (
    select
        conversations.channel_opened as channel,
        count(*) as public_complaint_count,
        count(*) filter (
            where exists (
                select 1
                from marts.interactions
                where interactions.customer_id = conversations.customer_id
                    and not interactions.is_public
                    and interactions.is_answer_needed
                    and interactions.occurred_at < conversations.opened_at
                    and coalesce(interactions.answered_at, 'infinity') > conversations.opened_at
            )
        ) as after_unanswered_private_count
    from marts.conversations
    where conversations.is_complaint and conversations.is_opened_in_public
    group by conversations.channel_opened
)

select
    levels.*,
    public_complaints.public_complaint_count,
    public_complaints.after_unanswered_private_count
from levels
left join public_complaints on levels.channel = public_complaints.channel
order by levels.channel, levels.measure;
