{{ config(severity='warn') }}

-- Drafted clusters that were at odds with themselves and of which a part still is: names that differ and are not told apart.
with

people as (
    select distinct
        resolved.component_key,
        seeds.label
    from {{ ref('int_clusters_resolved') }} as resolved
    inner join {{ ref('int_cluster_seeds') }} as seeds on resolved.record_key = seeds.record_key
)

select component_key
from people
group by component_key
having count(*) > 1
