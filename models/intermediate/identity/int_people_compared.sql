with

described as (
    select *
    from {{ ref('int_people_described') }}
),

-- A person whom several clusters name is counted once: by the name.
full_names as (
    select distinct
        given_name,
        family_name
    from described
),

totals as (
    select count(*) as person_count
    from full_names
),

given_names as (
    select
        given_name,
        count(*) as person_count
    from full_names
    group by given_name
),

family_names as (
    select
        family_name,
        count(*) as person_count
    from full_names
    group by family_name
),

-- How rare a name is, in steps of a factor of two: so the descriptions of others seldom change when somebody arrives.
ranked as (
    select
        described.*,
        round(log(2, totals.person_count::numeric / given_names.person_count))::integer as given_name_rarity,
        round(log(2, totals.person_count::numeric / family_names.person_count))::integer as family_name_rarity
    from described
    cross join totals
    inner join given_names on described.given_name = given_names.given_name
    inner join family_names on described.family_name = family_names.family_name
),

-- What has the same key is the same in all that is compared, and so are its scores.
compared as (
    select
        component_key,
        md5(jsonb_build_array(
            given_name, family_name, formal_names, birth_dates, postcodes, cities, addresses, emails, phones, cards,
            given_name_rarity, family_name_rarity
        )::text)::uuid as description_key,
        given_name,
        family_name,
        formal_names,
        birth_dates,
        postcodes,
        cities,
        addresses,
        emails,
        phones,
        cards,
        given_name_rarity,
        family_name_rarity,
        is_known_given_name
    from ranked
)

select * from compared
