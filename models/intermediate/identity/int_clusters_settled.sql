with

drafted as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

parted as (
    select *
    from {{ ref('int_clusters_parted') }}
),

settled as (
    select
        drafted.record_key,
        coalesce(parted.component_key, drafted.component_key) as component_key
    from drafted
    left join parted on drafted.record_key = parted.record_key
)

select * from settled
