{{ config(materialized='ephemeral') }}

with

matched as (
    select *
    from {{ ref('int_pairs_matched') }}
),

clusters as (
    select *
    from {{ ref('int_clusters_matched') }}
),

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

-- A cluster is named after one of its records: the edge hangs there, and what holds the cluster together leads to it.
edges as (
    select
        sides.record_key,
        'alike:' || matched.left_key || '|' || matched.right_key as node_key,
        'alike' as identifier_type,
        md5('alike:' || matched.left_key || '|' || matched.right_key) as identifier_key,
        'scored_alike' as rule,
        -- the chance that two such descriptions are of one person, from the weight in bits
        round((1 / (1 + power(2, -matched.match_weight)))::numeric, 2) as score,
        matched.evidence,
        identity_records.occurred_at as observed_at,
        case when clusters.component_key is null then 'alike_but_not_all_one' end as set_aside_reason
    from matched
    cross join lateral (values (matched.left_key), (matched.right_key)) as sides (record_key)
    inner join identity_records on sides.record_key = identity_records.record_key
    left join clusters on sides.record_key = clusters.component_key
)

select * from edges
