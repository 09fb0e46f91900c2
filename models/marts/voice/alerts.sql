-- A surge is a day of a channel or topic far above its base line. A backlash is a day on which at least three contacts name a campaign and
-- complain, at least half of those that name it, and more than twice its daily mean of complaints in the base line's days before.
with

surges as (
    select * from {{ ref('int_contact_surges_found') }}
),

interactions as (
    select * from {{ ref('interactions') }}
),

reactions as (
    select
        campaign_id,
        {{ cercle.local_date('occurred_at') }} as day_date,
        count(*) as contact_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        count(distinct customer_id) filter (where intent = 'complaint') as customer_count,
        array_agg(occurred_at order by occurred_at, interaction_id) filter (where intent = 'complaint') as complaint_times
    from interactions
    where campaign_id is not null and direction = 'inbound' and kind <> 'reaction'
    group by campaign_id, {{ cercle.local_date('occurred_at') }}
),

compared as (
    select
        *,
        coalesce(
            sum(complaint_count) over (
                partition by campaign_id
                order by day_date
                range between interval '{{ var("cercle_surge")["baseline_days"] }} days' preceding and interval '1 day' preceding
            ),
            0
        ) / {{ var('cercle_surge')['baseline_days'] }} as baseline_mean
    from reactions
),

backlashes as (
    select *
    from compared
    where complaint_count >= 3
        and 2 * complaint_count >= contact_count
        and complaint_count > 2 * baseline_mean
),

alerted as (
    select
        -- ids
        concat_ws(':', 'surge', day_date, series_key) as alert_id,
        null::text as campaign_id,

        -- strings
        'surge' as kind,
        channel,
        topic,

        -- numerics
        contact_count,
        customer_count,
        trim_scale(round(baseline_mean, 2)) as baseline_count,
        threshold_count,

        -- dates
        day_date,

        -- timestamps
        first_contact_at,
        known_at
    from surges
    union all
    select
        concat_ws(':', 'campaign_backlash', day_date, campaign_id) as alert_id,
        campaign_id,
        'campaign_backlash' as kind,
        null::text as channel,
        null::text as topic,
        complaint_count as contact_count,
        customer_count,
        trim_scale(round(baseline_mean, 2)) as baseline_count,
        3 as threshold_count,
        day_date,
        complaint_times[1] as first_contact_at,
        complaint_times[3] as known_at
    from backlashes
)

select * from alerted
