{{ config(materialized='connected_components', left='record_key', right='node_key', is_kept=true) }}

with

-- Only the clusters that were at odds with themselves are resolved again, once, without the edges set aside.
joined as (
    select
        edges.record_key,
        case when set_aside.record_key is null then edges.node_key end as node_key
    from {{ ref('int_edges_matched') }} as edges
    inner join {{ ref('int_clusters_drafted') }} as clusters on edges.record_key = clusters.record_key
    inner join {{ ref('int_clusters_contested') }} as contested on clusters.component_key = contested.component_key
    left join {{ ref('int_edges_set_aside') }} as set_aside
        on edges.record_key = set_aside.record_key
        and edges.node_key = set_aside.node_key
)

select * from joined
