with

interactions as (
    select * from {{ ref('interactions') }}
),

channel_preferences as (
    select * from {{ ref('channel_preferences') }}
),

customers as (
    select * from {{ ref('customer_360') }}
),

complaints as (
    select
        100.0 * count(*) filter (where not is_answered) / nullif(count(*), 0) as unanswered_percent,
        count(*) filter (where platform = 'x' and direction = 'inbound') as tweet_count
    from interactions
    where channel = 'social' and intent = 'complaint'
),

days as (
    select count(distinct {{ cercle.local_date('occurred_at') }}) as day_count
    from interactions
    where channel = 'social'
),

stated as (
    select 100.0 * count(*) filter (where channel = 'store') / nullif(count(*), 0) as store_percent
    from channel_preferences
    where is_stated
),

internet_users as (
    select distinct customer_id
    from channel_preferences
    where inbound_count > 0 and channel in ('email', 'web_form', 'chat', 'social', 'mobile_app')
),

young as (
    select
        100.0 * count(internet_users.customer_id) filter (where customers.gender = 'male')
        / nullif(count(*) filter (where customers.gender = 'male'), 0) as men_percent,
        100.0 * count(internet_users.customer_id) filter (where customers.gender = 'female')
        / nullif(count(*) filter (where customers.gender = 'female'), 0) as women_percent
    from customers
    left join internet_users on customers.customer_id = internet_users.customer_id
    where customers.age_band = '15-24'
),

figures as (
    select
        'm4_complaints_unanswered' as figure_key,
        unanswered_percent as own_figure,
        'Complaints on social networks without an answer so far, of all complaints there' as own_definition
    from complaints
    union all
    select
        'm5_prefer_store',
        store_percent,
        'Customers who named the store, of those who named a preferred channel'
    from stated
    union all
    select
        'm5_internet_service_men_15_24',
        men_percent,
        'Men of 15 to 24 who wrote by email, form, chat, network or application, of all men of that age'
    from young
    union all
    select
        'm5_internet_service_women_15_24',
        women_percent,
        'Women of 15 to 24 who wrote by email, form, chat, network or application, of all women of that age'
    from young
    union all
    select
        'm21_complaint_tweets_a_day',
        complaints.tweet_count / nullif(days.day_count, 0)::numeric,
        'Complaints on X per day with any social contact'
    from complaints
    cross join days
)

select * from figures
