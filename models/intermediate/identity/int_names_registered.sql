with

clusters as (
    select *
    from {{ ref('int_clusters_settled') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

edges as (
    select *
    from {{ ref('int_edges_matched') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

-- A register entry with a name and nothing to reach or know the person by is no proof of a person of its own.
known as (
    select distinct clusters.component_key
    from clusters
    inner join edges on clusters.record_key = edges.record_key
    inner join identifier_types on edges.identifier_type = identifier_types.identifier_type
    where identifier_types.is_lasting
),

borne as (
    select distinct
        clusters.component_key,
        identity_records.is_profile,
        people.given_name,
        people.family_name,
        {{ cercle.name_key('people.given_name', 'people.family_name') }} as name_key,
        identity_records.city
    from clusters
    inner join known on clusters.component_key = known.component_key
    inner join identity_records on clusters.record_key = identity_records.record_key
    inner join people on clusters.record_key = people.record_key
    where
        people.is_structured
        and not people.is_borrowed
        and length(people.given_name) > 1
        and length(people.family_name) > 1
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
        count(distinct component_key) filter (where is_registered) as registered_count,
        count(distinct component_key) filter (where not is_registered) as unregistered_count
    from (
        select
            component_key,
            name_key,
            bool_or(is_profile) over (partition by component_key) as is_registered
        from borne
    ) as clusters_borne
    group by name_key
),

-- How many people of this name the registers would hold if given and family names went together by chance, and how many of
-- them in the same town: what the chance is that there is another one.
counted as (
    select
        registered.component_key,
        registered.name_key,
        registered.city,
        bearers.registered_count,
        bearers.unregistered_count,
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
