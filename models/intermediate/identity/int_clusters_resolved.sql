{{ config(materialized='ephemeral') }}

with

settled as (
    select *
    from {{ ref('int_clusters_settled') }}
),

adopted as (
    select *
    from {{ ref('int_clusters_adopted') }}
),

resolved as (
    select
        settled.record_key,
        coalesce(adopted.adopting_key, settled.component_key) as component_key
    from settled
    left join adopted on settled.component_key = adopted.component_key
    union all
    select
        adopted.component_key as record_key,
        adopted.adopting_key as component_key
    from adopted
    left join settled on adopted.component_key = settled.record_key
    where settled.record_key is null
)

select * from resolved
