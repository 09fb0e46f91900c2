with

clusters as (
    select *
    from {{ ref('int_clusters_joined') }}
),

holds as (
    select *
    from {{ ref('int_clusters_held') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

registered_names as (
    select *
    from {{ ref('int_names_registered') }}
),

-- Records with a full name that are in no cluster stand for themselves.
named as (
    select
        coalesce(clusters.component_key, people.record_key) as component_key,
        {{ cercle.name_key('people.given_name', 'people.family_name') }} as name_key,
        identity_records.city,
        coalesce(holds.is_lasting, false) as is_lasting,
        coalesce(holds.has_account, false) as has_account
    from people
    inner join identity_records on people.record_key = identity_records.record_key
    left join clusters on people.record_key = clusters.record_key
    left join holds on clusters.component_key = holds.component_key
    where not people.is_borrowed and length(people.given_name) > 1 and length(people.family_name) > 1
),

-- Bare: a name and nothing to reach or know the person by. An account says its town too, or says too little.
candidates as (
    select
        component_key,
        min(city) as city,
        case when bool_or(has_account) then 'rare_name_city' else 'rare_name' end as identifier_type
    from named
    where not is_lasting
    group by component_key
    having count(distinct city) <= 1 and (count(city) > 0 or not bool_or(has_account))
),

found as (
    select
        candidates.component_key,
        candidates.city,
        candidates.identifier_type,
        registered_names.component_key as adopting_key,
        registered_names.name_key,
        case
            when candidates.city is null then registered_names.expected_count
            else registered_names.expected_count_in_city
        end as expected_count
    from candidates
    inner join named on candidates.component_key = named.component_key
    inner join registered_names
        on named.name_key = registered_names.name_key
        and coalesce(candidates.city = registered_names.city, true)
        and candidates.component_key <> registered_names.component_key
    where registered_names.bearer_count = 1
),

-- A name that is written in several ways must lead to one person in all of them.
adopted as (
    select
        found.component_key,
        found.identifier_type,
        found.identifier_type || ':' || concat_ws('|', min(found.name_key), min(found.city)) as node_key,
        min(found.adopting_key) as adopting_key,
        array_agg(distinct found.name_key) as name_keys,
        max(found.expected_count) as expected_count
    from found
    inner join identifier_types on found.identifier_type = identifier_types.identifier_type
    group by found.component_key, found.identifier_type
    having
        count(distinct found.adopting_key) = 1
        and max(found.expected_count) <= max(identifier_types.rarity_limit)
)

select * from adopted
