with

ordered as (
    select *
    from {{ ref('int_names_ordered') }}
),

known_names as (
    select given_name
    from {{ ref('identity_given_names') }}
),

-- The numbers that stand for one person.
identifiers as (
    select *
    from {{ ref('int_identifiers_observed') }}
    where identifier_type in ('customer_ref', 'loyalty_id')
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

-- Whom a register names under such a number.
registered as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        (array_agg(ordered.record_key order by ordered.occurred_at, ordered.record_key))[1] as record_key
    from ordered
    inner join identifiers on ordered.record_key = identifiers.record_key
    where
        ordered.is_profile
        and ordered.is_structured
        and length(ordered.given_name) > 1
        and not identifiers.is_bad
    group by identifiers.identifier_type, identifiers.identifier_value
    having count(distinct ordered.given_name) = 1
),

-- A record that quotes such a number speaks of that person, whatever name it carries, or none.
quoted as (
    select distinct on (identifiers.record_key)
        identifiers.record_key,
        registered.record_key as registered_record_key
    from identifiers
    inner join registered
        on identifiers.identifier_type = registered.identifier_type
        and identifiers.identifier_value = registered.identifier_value
    inner join identifier_types on identifiers.identifier_type = identifier_types.identifier_type
    order by identifiers.record_key, identifier_types.priority, registered.record_key
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
        known_names.given_name is not null as is_known_given_name
    from people
    left join known_names on split_part(people.given_name, ' ', 1) = known_names.given_name
)

select * from named
