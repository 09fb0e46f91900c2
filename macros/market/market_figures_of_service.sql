-- Returns a query: (figure_key, own_figure, own_definition), one row per figure of service that the marts answer. Reads the steps interactions, channel_preferences and customers
-- of the model that calls it. A figure is null where there is nobody to count.
{% macro market_figures_of_service() -%}
with

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
        'm5_prefer_store' as figure_key,
        store_percent as own_figure,
        'Customers who named the store, of those who named a preferred channel' as own_definition
    from stated
    union all
    select
        'm5_internet_service_men_15_24' as figure_key,
        men_percent as own_figure,
        'Men of 15 to 24 who wrote by email, form, chat, network or application, of all men of that age' as own_definition
    from young
    union all
    select
        'm5_internet_service_women_15_24' as figure_key,
        women_percent as own_figure,
        'Women of 15 to 24 who wrote by email, form, chat, network or application, of all women of that age' as own_definition
    from young
    union all
    select
        'm21_complaint_tweets_a_day' as figure_key,
        complaints.tweet_count / nullif(days.day_count, 0)::numeric as own_figure,
        'Complaints on X per day with any social contact' as own_definition
    from complaints
    cross join days
)

select * from figures
{%- endmacro %}
