with

settled as (
    select *
    from {{ ref('int_clusters_settled') }}
),

matched as (
    select *
    from {{ ref('int_clusters_matched') }}
),

joined as (
    select
        settled.record_key,
        coalesce(matched.matched_key, settled.component_key) as component_key
    from settled
    left join matched on settled.component_key = matched.component_key
    union all
    select
        matched.component_key as record_key,
        matched.matched_key as component_key
    from matched
    left join settled on matched.component_key = settled.record_key
    where settled.record_key is null
)

select * from joined
