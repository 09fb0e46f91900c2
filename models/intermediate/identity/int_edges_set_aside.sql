with

contested as (
    select *
    from {{ ref('int_edges_contested') }}
),

divided as (
    select *
    from {{ ref('int_clusters_divided') }}
),

labelled as (
    select
        contested.*,
        record_labels.label as record_label,
        node_labels.label as node_label
    from contested
    left join divided as record_labels
        on record_labels.side = 'left'
        and contested.record_key = record_labels.vertex
    left join divided as node_labels
        on node_labels.side = 'right'
        and contested.node_key = node_labels.vertex
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
    from labelled
    where
        record_label <> node_label
        or (is_too_large and not has_several_people and not is_unlinked and priority > 2)
)

select * from set_aside
