with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

edges_matched as (
    select *
    from {{ ref('int_edges_matched') }}
),

edges_adopted as (
    select *
    from {{ ref('int_edges_adopted') }}
),

edges_set_aside as (
    select *
    from {{ ref('int_edges_set_aside') }}
),

nodes_contradicted as (
    select *
    from {{ ref('int_nodes_contradicted') }}
),

joining as (
    select
        edges_matched.record_key,
        edges_matched.node_key,
        edges_matched.identifier_type,
        edges_matched.identifier_key,
        edges_matched.rule,
        edges_matched.score,
        edges_matched.evidence,
        edges_matched.observed_at,
        edges_set_aside.set_aside_reason
    from edges_matched
    left join edges_set_aside
        on edges_matched.record_key = edges_set_aside.record_key
        and edges_matched.node_key = edges_set_aside.node_key
    union all
    select
        record_key,
        node_key,
        identifier_type,
        identifier_key,
        rule,
        score,
        evidence,
        observed_at,
        null as set_aside_reason
    from edges_adopted
),

kept_out as (
    select
        edges_judged.record_key,
        edges_judged.node_key,
        edges_judged.identifier_type,
        edges_judged.identifier_key,
        edges_judged.rule,
        edges_judged.score,
        edges_judged.evidence,
        edges_judged.observed_at,
        coalesce(edges_judged.set_aside_reason, 'contact_points_differ') as set_aside_reason
    from edges_judged
    left join nodes_contradicted on edges_judged.node_key = nodes_contradicted.node_key
    where edges_judged.node_key is null or nodes_contradicted.node_key is not null
),

links as (
    select * from joining
    union all
    select * from kept_out
)

select * from links
