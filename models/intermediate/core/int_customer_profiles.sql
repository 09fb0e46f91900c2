-- The chosen attributes of a customer side by side, names and contact points as masked forms and keys: nothing clear goes on from here
-- but what a segment may be cut by. Age is that of the build's moment, on the company's day.
with

attributes_ranked as (
    select * from {{ ref('int_attributes_ranked') }}
),

contact_points as (
    select * from {{ ref('int_contact_points_chosen') }}
),

clock as (
    select {{ cercle.local_date(cercle.as_of()) }} as today
),

chosen as (
    select
        customer_id,
        max(attribute_value) filter (where attribute = 'title') as title,
        max(attribute_value) filter (where attribute = 'given_name') as given_name,
        max(attribute_value) filter (where attribute = 'family_name') as family_name,
        max(attribute_value) filter (where attribute = 'full_name') as full_name,
        max(attribute_value) filter (where attribute = 'birth_date')::date as birth_date,
        max(attribute_value) filter (where attribute = 'gender') as gender,
        max(attribute_value) filter (where attribute = 'city') as city,
        left(max(attribute_value) filter (where attribute = 'postcode'), 2) as postcode_prefix,
        max(attribute_value) filter (where attribute = 'country_code') as country_code,
        max(attribute_value) filter (where attribute = 'language') as language
    from attributes_ranked
    where is_chosen
    group by customer_id
),

aged as (
    select
        chosen.*,
        extract(year from age(clock.today, chosen.birth_date))::integer as age
    from chosen
    cross join clock
),

emails as (
    select *
    from contact_points
    where identifier_type = 'email'
),

phones as (
    select *
    from contact_points
    where identifier_type = 'phone'
),

customers as (
    select customer_id from aged
    union
    select customer_id from contact_points
),

profiled as (
    select
        customers.customer_id,
        case
            when aged.family_name is not null
                then concat_ws(' ', coalesce(aged.title, left(aged.given_name, 1) || '.'), upper(left(aged.family_name, 1)) || '…')
            when coalesce(aged.given_name, aged.full_name) is not null
                then upper(left(coalesce(aged.given_name, aged.full_name), 1)) || '…'
        end as display_name,
        emails.identifier_key as email_key,
        emails.masked_value as email_masked,
        phones.identifier_key as phone_key,
        phones.masked_value as phone_masked,
        aged.gender,
        aged.city,
        aged.postcode_prefix,
        aged.country_code,
        aged.language,
        {{ cercle.band_age('aged.age') }} as age_band,
        {{ cercle.band_generation('aged.age') }} as generation
    from customers
    left join aged on customers.customer_id = aged.customer_id
    left join emails on customers.customer_id = emails.customer_id
    left join phones on customers.customer_id = phones.customer_id
)

select * from profiled
