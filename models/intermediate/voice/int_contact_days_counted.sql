-- Inbound contacts of people per day of the company, by channel (topic null) and by coded topic over all channels (channel null).
with

inbound_contacts as (
    select * from {{ ref('int_inbound_contacts_listed') }}
),

contacts as (
    select
        interaction_id,
        customer_id,
        channel,
        topic,
        {{ cercle.local_date('occurred_at') }} as day_date,
        occurred_at
    from inbound_contacts
),

counted as (
    select
        'channel=' || channel as series_key,
        day_date,
        channel,
        null::text as topic,
        count(*) as contact_count,
        count(distinct customer_id) as customer_count,
        array_agg(occurred_at order by occurred_at, interaction_id) as contact_times
    from contacts
    group by day_date, channel
    union all
    select
        'topic=' || topic as series_key,
        day_date,
        null::text as channel,
        topic,
        count(*) as contact_count,
        count(distinct customer_id) as customer_count,
        array_agg(occurred_at order by occurred_at, interaction_id) as contact_times
    from contacts
    where topic is not null
    group by day_date, topic
)

select * from counted
