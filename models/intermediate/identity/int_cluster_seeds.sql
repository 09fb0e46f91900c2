with

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

named_records as (
    select
        component_key,
        record_key,
        person_key as leader_key
    from {{ ref('int_cluster_names') }}
),

overrides as (
    select
        left_record,
        right_record
    from {{ ref('int_overrides_standing') }}
    where action = 'unlink'
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

sides as (
    select
        component_key,
        left_record as record_key,
        left_leader_key as leader_key
    from unlinked_pairs
    union
    select
        component_key,
        right_record as record_key,
        right_leader_key as leader_key
    from unlinked_pairs
),

unlinked_records as (
    select
        sides.component_key,
        sides.record_key,
        case when namesakes.leader_key is null then sides.leader_key end as leader_key
    from sides
    left join namesakes
        on sides.component_key = namesakes.component_key
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
