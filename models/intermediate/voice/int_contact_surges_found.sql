-- A day against the days before it: mean and standard deviation of the base line, a day without a contact counting as 0. Nothing is said
-- before the base line is whole. The surge could be known with the contact that reached the threshold, not at the end of the day.
with

contact_days as (
    select * from {{ ref('int_contact_days_counted') }}
),

clock as (
    select {{ cercle.local_date(cercle.as_of()) }} as today
),

series as (
    select
        series_key,
        channel,
        topic,
        min(day_date) as first_date
    from contact_days
    group by series_key, channel, topic
),

days as (
    select
        series.series_key,
        series.channel,
        series.topic,
        day::date as day_date
    from series
    cross join clock
    cross join generate_series(series.first_date, clock.today, interval '1 day') as day
),

filled as (
    select
        days.series_key,
        days.channel,
        days.topic,
        days.day_date,
        coalesce(contact_days.contact_count, 0) as contact_count,
        coalesce(contact_days.customer_count, 0) as customer_count,
        contact_days.contact_times
    from days
    left join contact_days
        on days.series_key = contact_days.series_key
        and days.day_date = contact_days.day_date
),

compared as (
    select
        *,
        count(*) over base_line as baseline_day_count,
        avg(contact_count) over base_line as baseline_mean,
        coalesce(stddev_samp(contact_count) over base_line, 0) as baseline_deviation
    from filled
    window base_line as (
        partition by series_key
        order by day_date
        rows between {{ var('cercle_surge')['baseline_days'] }} preceding and 1 preceding
    )
),

judged as (
    select
        *,
        greatest(
            {{ var('cercle_surge')['minimum'] }},
            ceil({{ var('cercle_surge')['ratio'] }} * baseline_mean),
            ceil(baseline_mean + {{ var('cercle_surge')['deviations'] }} * baseline_deviation)
        )::integer as threshold_count
    from compared
    where baseline_day_count = {{ var('cercle_surge')['baseline_days'] }}
),

found as (
    select
        series_key,
        channel,
        topic,
        day_date,
        contact_count,
        customer_count,
        baseline_mean,
        threshold_count,
        contact_times[1] as first_contact_at,
        contact_times[threshold_count] as known_at
    from judged
    where contact_count >= threshold_count
)

select * from found
