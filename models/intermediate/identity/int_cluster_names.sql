with recursive

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

contested as (
    select *
    from {{ ref('int_clusters_contested') }}
    where has_several_people or is_unlinked
),

cluster_people as (
    select *
    from {{ ref('int_cluster_people') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

links as (
    select
        left_record,
        right_record
    from {{ ref('int_overrides_standing') }}
    where action = 'link'
),

-- Each record with a name seeds its person.
led_records as (
    select
        clusters.component_key,
        clusters.record_key,
        cluster_people.leader_key
    from clusters
    inner join contested on clusters.component_key = contested.component_key
    inner join people on clusters.record_key = people.record_key
    inner join cluster_people
        on clusters.component_key = cluster_people.scope
        and people.person_key = cluster_people.person_key
    where cluster_people.leader_key is not null
),

-- Names that a steward has linked are one person's, however different they look.
linked_names (component_key, leader_key, other_key) as (
    select distinct
        component_key,
        leader_key,
        leader_key as other_key
    from led_records
    union
    select
        linked_names.component_key,
        linked_names.leader_key,
        others.leader_key as other_key
    from linked_names
    inner join led_records as ones
        on linked_names.component_key = ones.component_key and linked_names.other_key = ones.leader_key
    inner join links on ones.record_key in (links.left_record, links.right_record)
    inner join led_records as others
        on ones.component_key = others.component_key
        and others.record_key in (links.left_record, links.right_record)
),

names as (
    select
        component_key,
        leader_key,
        min(other_key) as first_key
    from linked_names
    group by component_key, leader_key
),

named_records as (
    select
        led_records.component_key,
        led_records.record_key,
        names.first_key as person_key
    from led_records
    inner join names
        on led_records.component_key = names.component_key and led_records.leader_key = names.leader_key
)

select * from named_records
