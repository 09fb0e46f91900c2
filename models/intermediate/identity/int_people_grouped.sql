with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

-- A scope is a value that several people could use; a spelling is a name and date of birth as some record has them. The date of birth
-- that brought records together cannot vouch for them as well: with another family name, two people were born that day.
spellings as (
    select
        observed.identifier_type || ':' || observed.identifier_value as scope,
        people.person_key,
        people.given_name,
        people.family_name,
        case when observed.identifier_type <> 'birth_date' then people.birth_date end as birth_date,
        people.is_known_given_name,
        people.formal_names,
        identifier_types.passes_on,
        count(*) as record_count
    from observed
    inner join identifier_types on observed.identifier_type = identifier_types.identifier_type
    inner join people on observed.record_key = people.record_key
    where identifier_types.people_limit is not null
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

grouped as (
    {{ cercle.group_people('spellings', is_strict=true, counted_strictly='later.passes_on') }}
)

select * from grouped
