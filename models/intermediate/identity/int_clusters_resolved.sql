{{ config(materialized='ephemeral') }}

with

joined as (
    select *
    from {{ ref('int_clusters_joined') }}
),

adopted as (
    select *
    from {{ ref('int_clusters_adopted') }}
),

resolved as (
    select
        joined.record_key,
        coalesce(adopted.adopting_key, joined.component_key) as component_key
    from joined
    left join adopted on joined.component_key = adopted.component_key
    union all
    select
        adopted.component_key as record_key,
        adopted.adopting_key as component_key
    from adopted
    left join joined on adopted.component_key = joined.record_key
    where joined.record_key is null
)

select * from resolved
