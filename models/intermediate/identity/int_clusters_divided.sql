{{ config(materialized='nearest_seeds', left='record_key', right='node_key', priority='priority', label='label', is_kept=true) }}

with

-- Edges of the clusters that are at odds with themselves, and (without node) the records from which each person spreads.
seeded as (
    select
        edges.record_key,
        edges.node_key,
        edges.priority,
        null::text as label
    from {{ ref('int_edges_matched') }} as edges
    inner join {{ ref('int_clusters_drafted') }} as clusters on edges.record_key = clusters.record_key
    inner join {{ ref('int_clusters_contested') }} as contested on clusters.component_key = contested.component_key
    where contested.has_several_people or contested.is_unlinked

    union all

    select
        record_key,
        null as node_key,
        null as priority,
        label
    from {{ ref('int_cluster_seeds') }}
)

select * from seeded
