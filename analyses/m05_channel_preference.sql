-- M5. Preferred channel by age band and gender, what people said apart from what they do; unknown stays unknown.
select
    customer_360.age_band,
    customer_360.gender,
    channel_preferences.preference_basis,
    channel_preferences.channel,
    count(*) as customer_count,
    round(
        100.0 * count(*) / sum(count(*)) over (
            partition by customer_360.age_band, customer_360.gender, channel_preferences.preference_basis
        ),
        1
    ) as percent_of_group
from marts.channel_preferences
inner join marts.customer_360 on channel_preferences.customer_id = customer_360.customer_id
where channel_preferences.is_preferred
group by customer_360.age_band, customer_360.gender, channel_preferences.preference_basis, channel_preferences.channel
order by customer_360.age_band, customer_360.gender, channel_preferences.preference_basis, customer_count desc;
