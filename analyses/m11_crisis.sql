-- M11. Volume surges per channel and topic: how far above the base line, the customers touched, and the answer rate of the channel on that day.
select
    alerts.day_date,
    alerts.channel,
    alerts.topic,
    alerts.contact_count,
    alerts.baseline_count,
    alerts.customer_count,
    alerts.first_contact_at,
    alerts.known_at,
    round(
        100.0 * sum(channel_daily.answered_count) / nullif(sum(channel_daily.answer_needed_count), 0), 1
    ) as answered_percent
from marts.alerts
left join marts.channel_daily
    on alerts.day_date = channel_daily.day_date
    and alerts.channel = channel_daily.channel
where alerts.kind = 'surge'
group by
    alerts.alert_id,
    alerts.day_date,
    alerts.channel,
    alerts.topic,
    alerts.contact_count,
    alerts.baseline_count,
    alerts.customer_count,
    alerts.first_contact_at,
    alerts.known_at
order by alerts.day_date, alerts.channel, alerts.topic;
