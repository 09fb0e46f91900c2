with

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

cluster_people as (
    select *
    from {{ ref('int_cluster_people') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

overrides as (
    select
        left_record,
        right_record
    from {{ source('identity', 'overrides') }}
    where action = 'unlink' and {{ cercle.is_override_valid() }}
),

people_counts as (
    select
        scope as component_key,
        max(people_count) as people_count
    from cluster_people
    group by scope
),

record_counts as (
    select
        clusters.component_key,
        count(*) as record_count,
        count(*) filter (where identity_records.is_profile) as profile_count
    from clusters
    inner join identity_records on clusters.record_key = identity_records.record_key
    group by clusters.component_key
),

unlinked as (
    select lefts.component_key
    from overrides
    inner join clusters as lefts on overrides.left_record = lefts.record_key
    inner join clusters as rights on overrides.right_record = rights.record_key
    where lefts.component_key = rights.component_key
    group by lefts.component_key
),

judged as (
    select
        record_counts.component_key,
        record_counts.record_count,
        record_counts.profile_count,
        coalesce(people_counts.people_count, 0) as people_count,
        coalesce(people_counts.people_count, 0) > 1 as has_several_people,
        unlinked.component_key is not null as is_unlinked,
        record_counts.profile_count > {{ var('cercle_largest_customer_profiles') }} as is_too_large
    from record_counts
    left join people_counts on record_counts.component_key = people_counts.component_key
    left join unlinked on record_counts.component_key = unlinked.component_key
),

contested as (
    select *
    from judged
    where has_several_people or is_unlinked or is_too_large
)

select * from contested
