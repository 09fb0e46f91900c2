{{ config(materialized='connected_components', left='record_key', right='node_key', is_kept=true) }}

with

edges as (
    select
        record_key,
        node_key
    from {{ ref('int_edges_matched') }}
)

select * from edges
