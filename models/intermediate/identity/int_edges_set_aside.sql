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

divided as (
    select *
    from {{ ref('int_clusters_divided') }}
),

contested_edges as (
    select
        edges.record_key,
        edges.node_key,
        edges.priority,
        contested.has_several_people,
        contested.is_unlinked,
        contested.is_too_large,
        record_labels.label as record_label,
        node_labels.label as node_label
    from edges
    inner join clusters on edges.record_key = clusters.record_key
    inner join contested on clusters.component_key = contested.component_key
    left join divided as record_labels
        on record_labels.side = 'left'
        and edges.record_key = record_labels.vertex
    left join divided as node_labels
        on node_labels.side = 'right'
        and edges.node_key = node_labels.vertex
),

-- An edge between what is nearest to one person and what is nearest to another goes; so do the weak edges of a giant.
set_aside as (
    select
        record_key,
        node_key,
        case
            when record_label <> node_label and is_unlinked then 'unlinked_by_steward'
            when record_label <> node_label then 'joins_different_people'
            else 'cluster_too_large'
        end as set_aside_reason
    from contested_edges
    where
        record_label <> node_label
        or (is_too_large and not has_several_people and not is_unlinked and priority > 2)
)

select * from set_aside
