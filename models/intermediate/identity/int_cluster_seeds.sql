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

overrides as (
    select
        left_record,
        right_record
    from {{ source('identity', 'overrides') }}
    where action = 'unlink' and {{ cercle.is_override_valid() }}
),

links as (
    select
        left_record,
        right_record
    from {{ source('identity', 'overrides') }}
    where action = 'link' and {{ cercle.is_override_valid() }}
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
linked_names (component_key, leader_key, linked_key) as (
    select distinct
        component_key,
        leader_key,
        leader_key
    from led_records
    union
    select
        linked_names.component_key,
        linked_names.leader_key,
        others.leader_key
    from linked_names
    inner join led_records as ones
        on linked_names.component_key = ones.component_key and linked_names.linked_key = ones.leader_key
    inner join links on ones.record_key in (links.left_record, links.right_record)
    inner join led_records as others
        on ones.component_key = others.component_key
        and others.record_key in (links.left_record, links.right_record)
),

names as (
    select
        component_key,
        leader_key,
        min(linked_key) as first_key
    from linked_names
    group by component_key, leader_key
),

named_records as (
    select
        led_records.component_key,
        led_records.record_key,
        names.first_key as leader_key
    from led_records
    inner join names
        on led_records.component_key = names.component_key and led_records.leader_key = names.leader_key
),

unlinked_pairs as (
    select
        lefts.component_key,
        overrides.left_record,
        overrides.right_record,
        left_names.leader_key as left_leader_key,
        right_names.leader_key as right_leader_key
    from overrides
    inner join clusters as lefts on overrides.left_record = lefts.record_key
    inner join clusters as rights
        on overrides.right_record = rights.record_key
        and lefts.component_key = rights.component_key
    left join named_records as left_names on overrides.left_record = left_names.record_key
    left join named_records as right_names on overrides.right_record = right_names.record_key
),

-- Where a steward says that two records of one name are two people, the name seeds nobody: the two records do.
namesakes as (
    select distinct
        component_key,
        left_leader_key as leader_key
    from unlinked_pairs
    where left_leader_key = right_leader_key
),

unlinked_records as (
    select
        unlinked_pairs.component_key,
        sides.record_key,
        case when namesakes.leader_key is null then sides.leader_key end as leader_key
    from unlinked_pairs
    cross join lateral (
        values
        (unlinked_pairs.left_record, unlinked_pairs.left_leader_key),
        (unlinked_pairs.right_record, unlinked_pairs.right_leader_key)
    ) as sides (record_key, leader_key)
    left join namesakes
        on unlinked_pairs.component_key = namesakes.component_key
        and sides.leader_key = namesakes.leader_key
),

seeds as (
    select
        named_records.component_key,
        named_records.record_key,
        'person:' || named_records.component_key || '|' || named_records.leader_key as label
    from named_records
    left join namesakes
        on named_records.component_key = namesakes.component_key
        and named_records.leader_key = namesakes.leader_key
    where namesakes.leader_key is null
    union
    select
        component_key,
        record_key,
        coalesce('person:' || component_key || '|' || leader_key, 'record:' || record_key) as label
    from unlinked_records
)

select * from seeds
