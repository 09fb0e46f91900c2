with

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

spellings as (
    select
        clusters.component_key as scope,
        people.person_key,
        people.given_name,
        people.family_name,
        people.birth_date,
        people.is_known_given_name,
        people.formal_names,
        count(*) as record_count
    from clusters
    inner join people on clusters.record_key = people.record_key
    group by 1, 2, 3, 4, 5, 6, 7
),

-- Inside a cluster a family name alone does not part people: it may have changed by marriage.
grouped as (
    {{ cercle.group_people('spellings', is_strict=false) }}
)

select * from grouped
