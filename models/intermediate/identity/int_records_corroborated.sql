with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

shared as (
    select
        identifier_type,
        identifier_value,
        identifier_type || ':' || identifier_value as scope
    from {{ ref('int_identifiers_guarded') }}
    where sharing = 'shared' and is_telling
),

people as (
    select record_key
    from {{ ref('int_people_named') }}
    where given_name is not null or family_name is not null
),

people_grouped as (
    select *
    from {{ ref('int_people_grouped') }}
    where leader_key is not null
),

-- A record without a name says nothing of which of the people of a shared value it is of: it needs two such values.
nameless as (
    select
        observed.record_key,
        shared.scope,
        count(*) over (partition by observed.record_key) as scope_count
    from observed
    inner join shared
        on observed.identifier_type = shared.identifier_type
        and observed.identifier_value = shared.identifier_value
    left join people on observed.record_key = people.record_key
    where people.record_key is null
),

candidates as (
    select
        nameless.record_key,
        nameless.scope,
        people_grouped.person_key,
        people_grouped.leader_key
    from nameless
    inner join people_grouped on nameless.scope = people_grouped.scope
    where nameless.scope_count > 1
),

-- Whoever uses two of them, by name and date of birth.
met as (
    select distinct
        ones.record_key,
        ones.scope,
        ones.leader_key
    from candidates as ones
    inner join candidates as others
        on ones.record_key = others.record_key
        and ones.person_key = others.person_key
        and ones.scope <> others.scope
),

ambiguous as (
    select record_key
    from met
    group by record_key
    having count(*) > count(distinct scope)
),

corroborated as (
    select met.*
    from met
    left join ambiguous on met.record_key = ambiguous.record_key
    where ambiguous.record_key is null
)

select * from corroborated
