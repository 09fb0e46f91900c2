{{ config(
    materialized='connected_components', is_kept=true, is_bipartite=false,
    left='component_key', right='other_key', component='group_key'
) }}

with

pairs as (
    select
        left_key as component_key,
        right_key as other_key
    from {{ ref('int_pairs_matched') }}
)

select * from pairs
