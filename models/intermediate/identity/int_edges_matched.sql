{{ config(materialized='ephemeral') }}

with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

contradicted as (
    select node_key
    from {{ ref('int_nodes_contradicted') }}
),

edges_linked as (
    select *
    from {{ ref('int_edges_linked') }}
),

edges as (
    select
        record_key,
        node_key,
        identifier_type,
        priority
    from edges_judged
    where node_key is not null and node_key not in (select contradicted.node_key from contradicted)
    union all
    select
        record_key,
        node_key,
        identifier_type,
        priority
    from edges_linked
)

select * from edges
