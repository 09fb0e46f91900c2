with

edges as (
    select *
    from {{ ref('int_edges_matched') }}
),

clusters as (
    select *
    from {{ ref('int_clusters_drafted') }}
),

contested as (
    select *
    from {{ ref('int_clusters_contested') }}
),

-- Few clusters are at odds with themselves, and three models ask for their edges: all edges are read for them once.
contested_edges as (
    select
        edges.record_key,
        edges.node_key,
        clusters.component_key,
        edges.priority,
        contested.has_several_people,
        contested.is_unlinked,
        contested.is_too_large
    from edges
    inner join clusters on edges.record_key = clusters.record_key
    inner join contested on clusters.component_key = contested.component_key
)

select * from contested_edges
