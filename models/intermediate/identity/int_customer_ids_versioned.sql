{{ config(meta={'is_signed_by_rows': true}) }}

with

clusters as (
    select *
    from {{ ref('int_clusters_resolved') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

members as (
    select
        clusters.record_key as member_key,
        clusters.component_key as group_key,
        identity_records.occurred_at
    from clusters
    inner join identity_records on clusters.record_key = identity_records.record_key
),

versioned as (
    {{ cercle.assign_stable_ids('customer', 'members') }}
)

select * from versioned
