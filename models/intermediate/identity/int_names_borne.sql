with

clusters as (
    select *
    from {{ ref('int_clusters_joined') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

-- A register entry with a name and nothing to reach or know the person by is no proof of a person of its own.
known as (
    select component_key
    from {{ ref('int_clusters_held') }}
    where is_lasting
),

borne as (
    select distinct
        clusters.component_key,
        identity_records.is_profile,
        people.given_name,
        people.family_name,
        {{ cercle.name_key('people.given_name', 'people.family_name') }} as name_key,
        coalesce(identity_records.city, '') as city
    from clusters
    inner join known on clusters.component_key = known.component_key
    inner join identity_records on clusters.record_key = identity_records.record_key
    inner join people on clusters.record_key = people.record_key
    where
        people.is_structured
        and not people.is_borrowed
        and length(people.given_name) > 1
        and length(people.family_name) > 1
)

select * from borne
