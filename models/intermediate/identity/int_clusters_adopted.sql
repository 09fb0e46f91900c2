with

clusters as (
    select *
    from {{ ref('int_clusters_settled') }}
),

edges as (
    select *
    from {{ ref('int_edges_matched') }}
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

-- What holds each cluster together: a session or an order alone is nothing to know a person by again.
holds as (
    select
        clusters.component_key,
        bool_or(identifier_types.is_lasting) as is_lasting,
        bool_or(identifier_types.is_account) as has_account,
        bool_or(identity_records.is_profile) as is_registered
    from clusters
    inner join identity_records on clusters.record_key = identity_records.record_key
    inner join edges on clusters.record_key = edges.record_key
    inner join identifier_types on edges.identifier_type = identifier_types.identifier_type
    group by clusters.component_key
),

-- Records with a full name that are in no cluster stand for themselves.
named as (
    select
        coalesce(clusters.component_key, people.record_key) as component_key,
        {{ cercle.name_key('people.given_name', 'people.family_name') }} as name_key,
        identity_records.city,
        coalesce(holds.is_lasting, false) as is_lasting,
        coalesce(holds.has_account, false) as has_account,
        coalesce(holds.is_registered, false) as is_registered
    from people
    inner join identity_records on people.record_key = identity_records.record_key
    left join clusters on people.record_key = clusters.record_key
    left join holds on clusters.component_key = holds.component_key
    where not people.is_borrowed and length(people.given_name) > 1 and length(people.family_name) > 1
),

-- Bare: nothing to reach or know the person by. Unregistered: known by an address or number that no register has.
candidates as (
    select
        component_key,
        min(name_key) as name_key,
        min(city) as city,
        case
            when bool_or(is_lasting) then 'rare_name_unregistered'
            when bool_or(has_account) then 'rare_name_account'
            else 'rare_name'
        end as identifier_type
    from named
    where not is_lasting or not is_registered
    group by component_key
    having count(distinct name_key) = 1 and count(distinct city) <= 1
),

found as (
    select
        candidates.component_key,
        candidates.name_key,
        candidates.city,
        candidates.identifier_type,
        registered_names.component_key as adopting_key,
        case when candidates.city is null then registered_names.expected_count else registered_names.expected_count_in_city end as expected_count,
        registered_names.unregistered_count
    from candidates
    inner join registered_names
        on candidates.name_key = registered_names.name_key
        and coalesce(candidates.city = registered_names.city, true)
        and candidates.component_key <> registered_names.component_key
    where registered_names.registered_count = 1
),

adopted as (
    select
        found.component_key,
        found.identifier_type,
        found.identifier_type || ':' || concat_ws('|', min(found.name_key), min(found.city)) as node_key,
        min(found.adopting_key) as adopting_key,
        max(found.expected_count) as expected_count
    from found
    inner join identifier_types on found.identifier_type = identifier_types.identifier_type
    group by found.component_key, found.identifier_type
    having max(found.expected_count) <= max(identifier_types.rarity_limit)
)

select * from adopted
