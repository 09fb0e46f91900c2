{{ config(materialized='connected_components', left='record_key', right='node_key', is_kept=true) }}

with

-- Only the clusters that were at odds with themselves are resolved again, once, without the edges set aside.
joined as (
    select
        contested.record_key,
        case when set_aside.record_key is null then contested.node_key end as node_key
    from {{ ref('int_edges_contested') }} as contested
    left join {{ ref('int_edges_set_aside') }} as set_aside
        on contested.record_key = set_aside.record_key
        and contested.node_key = set_aside.node_key
)

select * from joined
