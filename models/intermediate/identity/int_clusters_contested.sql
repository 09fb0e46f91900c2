with

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

cluster_people as (
    select *
    from {{ ref('int_cluster_people') }}
),

register_entries as (
    select record_key
    from {{ ref('int_identity_records') }}
    where is_profile
),

overrides as (
    select
        left_record,
        right_record
    from {{ ref('int_overrides_standing') }}
    where action = 'unlink'
),

quarrels as (
    select distinct
        scope as component_key,
        'several_people' as quarrel
    from cluster_people
    where people_count > 1
    union all
    select distinct
        lefts.component_key,
        'unlinked' as quarrel
    from overrides
    inner join clusters as lefts on overrides.left_record = lefts.record_key
    inner join clusters as rights on overrides.right_record = rights.record_key
    where lefts.component_key = rights.component_key
    union all
    select
        clusters.component_key,
        'too_large' as quarrel
    from clusters
    inner join register_entries on clusters.record_key = register_entries.record_key
    group by clusters.component_key
    having count(*) > {{ var('cercle_largest_customer_profiles') }}
),

contested as (
    select
        component_key,
        bool_or(quarrel = 'several_people') as has_several_people,
        bool_or(quarrel = 'unlinked') as is_unlinked,
        bool_or(quarrel = 'too_large') as is_too_large
    from quarrels
    group by component_key
)

select * from contested
