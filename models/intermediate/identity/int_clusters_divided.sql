{{ config(materialized='nearest_seeds', left='record_key', right='node_key', priority='priority', label='label', is_kept=true) }}

with

-- Edges of the clusters that are at odds with themselves, and (without node) the records from which each person spreads.
seeded as (
    select
        record_key,
        node_key,
        priority,
        null::text as label
    from {{ ref('int_edges_contested') }}
    where has_several_people or is_unlinked

    union all

    select
        record_key,
        null as node_key,
        null as priority,
        label
    from {{ ref('int_cluster_seeds') }}
)

select * from seeded
