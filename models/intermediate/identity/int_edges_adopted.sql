{{ config(materialized='ephemeral') }}

with

adopted as (
    select *
    from {{ ref('int_clusters_adopted') }}
),

clusters as (
    select *
    from {{ ref('int_clusters_joined') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

people as (
    select
        record_key,
        is_structured,
        {{ cercle.name_key('given_name', 'family_name') }} as name_key
    from {{ ref('int_people_named') }}
    where not is_borrowed
),

-- The records with the name, in the cluster that has nothing else.
adopted_records as (
    select
        adopted.node_key,
        adopted.identifier_type,
        adopted.expected_count,
        people.record_key
    from adopted
    inner join clusters on adopted.component_key = clusters.component_key
    inner join people on clusters.record_key = people.record_key
    where people.name_key is not null
    union
    select
        adopted.node_key,
        adopted.identifier_type,
        adopted.expected_count,
        adopted.component_key as record_key
    from adopted
    left join clusters on adopted.component_key = clusters.record_key
    where clusters.record_key is null
),

-- And the register entries with the same name, in the one that takes it in.
adopting_records as (
    select distinct
        adopted.node_key,
        adopted.identifier_type,
        adopted.expected_count,
        people.record_key
    from adopted
    inner join clusters on adopted.adopting_key = clusters.component_key
    inner join people on clusters.record_key = people.record_key
    inner join identity_records on clusters.record_key = identity_records.record_key
    where people.is_structured and identity_records.is_profile and people.name_key = any(adopted.name_keys)
),

named_records as (
    select
        record_key,
        node_key,
        min(identifier_type) as identifier_type,
        max(expected_count) as expected_count
    from (
        select * from adopted_records
        union all
        select * from adopting_records
    ) as both_sides
    group by record_key, node_key
),

edges as (
    select
        records.record_key,
        records.node_key,
        records.identifier_type,
        md5(records.node_key) as identifier_key,
        identifier_types.rule,
        identifier_types.score,
        format('%s; by chance %s others in the registers', identifier_types.description, round(records.expected_count, 2)) as evidence,
        identity_records.occurred_at as observed_at
    from named_records as records
    inner join identifier_types on records.identifier_type = identifier_types.identifier_type
    inner join identity_records on records.record_key = identity_records.record_key
)

select * from edges
