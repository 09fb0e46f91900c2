with

borne as (
    select *
    from {{ ref('int_names_borne') }}
),

registered as (
    select *
    from borne
    where is_profile
),

totals as (
    select count(distinct component_key) as person_count
    from registered
),

given_names as (
    select
        given_name,
        count(distinct component_key) as person_count
    from registered
    group by given_name
),

family_names as (
    select
        family_name,
        count(distinct component_key) as person_count
    from registered
    group by family_name
),

cities as (
    select
        city,
        count(distinct component_key) as person_count
    from registered
    group by city
),

bearers as (
    select
        name_key,
        count(distinct component_key) as bearer_count
    from borne
    group by name_key
),

-- How many people of this name the registers would hold if given and family names went together by chance, and how many of
-- them in the same town: what the chance is that there is another one.
counted as (
    select
        registered.component_key,
        registered.given_name,
        registered.family_name,
        registered.name_key,
        registered.city,
        bearers.bearer_count,
        given_names.person_count::numeric * family_names.person_count / totals.person_count as expected_count,
        given_names.person_count::numeric * family_names.person_count / totals.person_count
        * cities.person_count / totals.person_count as expected_count_in_city
    from registered
    cross join totals
    inner join bearers on registered.name_key = bearers.name_key
    inner join given_names on registered.given_name = given_names.given_name
    inner join family_names on registered.family_name = family_names.family_name
    left join cities on registered.city = cities.city
)

select * from counted
