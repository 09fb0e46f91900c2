with

ordered as (
    select *
    from {{ ref('int_names_ordered') }}
),

known_names as (
    select given_name
    from {{ ref('identity_given_names') }}
),

nicknames as (
    select
        nickname,
        array_agg(given_name order by given_name) as given_names
    from {{ ref('identity_nicknames') }}
    group by nickname
),

quoted as (
    select *
    from {{ ref('int_people_quoted') }}
),

own as (
    select ordered.*
    from ordered
    left join quoted on ordered.record_key = quoted.record_key
    where quoted.record_key is null or (ordered.is_profile and ordered.is_structured and length(ordered.given_name) > 1)
),

borrowed as (
    select
        quoted.record_key,
        ordered.given_name,
        ordered.family_name,
        ordered.birth_date
    from quoted
    inner join ordered on quoted.registered_record_key = ordered.record_key
    left join own on quoted.record_key = own.record_key
    where own.record_key is null
),

people as (
    select
        record_key,
        given_name,
        family_name,
        birth_date,
        is_structured,
        false as is_borrowed
    from own
    union all
    select
        record_key,
        given_name,
        family_name,
        birth_date,
        true as is_structured,
        true as is_borrowed
    from borrowed
),

named as (
    select
        people.record_key,
        concat(people.given_name, '|', people.family_name, '|', people.birth_date) as person_key,
        people.given_name,
        people.family_name,
        people.birth_date,
        people.is_structured,
        people.is_borrowed,
        known_names.given_name is not null as is_known_given_name,
        people.given_name || coalesce(nicknames.given_names, '{}') as formal_names
    from people
    left join known_names on split_part(people.given_name, ' ', 1) = known_names.given_name
    left join nicknames on people.given_name = nicknames.nickname
)

select * from named
