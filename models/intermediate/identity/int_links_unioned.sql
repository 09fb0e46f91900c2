{{ config(materialized='ephemeral') }}

with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

guarded as (
    select *
    from {{ ref('int_identifiers_guarded') }}
),

nodes_contradicted as (
    select *
    from {{ ref('int_nodes_contradicted') }}
),

edges_linked as (
    select *
    from {{ ref('int_edges_linked') }}
),

edges_adopted as (
    select *
    from {{ ref('int_edges_adopted') }}
),

edges_scored as (
    select *
    from {{ ref('int_edges_scored') }}
),

edges_set_aside as (
    select *
    from {{ ref('int_edges_set_aside') }}
),

links as (
    select
        edges_judged.record_key,
        edges_judged.node_key,
        edges_judged.identifier_type,
        edges_judged.identifier_key,
        guarded.rule,
        guarded.score,
        guarded.evidence,
        edges_judged.observed_at,
        case
            when nodes_contradicted.node_key is not null then 'contact_points_differ'
            else edges_judged.set_aside_reason
        end as set_aside_reason
    from edges_judged
    inner join guarded
        on edges_judged.identifier_type = guarded.identifier_type
        and edges_judged.identifier_value = guarded.identifier_value
    left join nodes_contradicted on edges_judged.node_key = nodes_contradicted.node_key
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
    from edges_linked
    union all
    select
        *,
        null as set_aside_reason
    from edges_adopted
    union all
    select *
    from edges_scored
),

-- Last, what joined records whose clusters then turned out to be several people.
parted as (
    select
        links.record_key,
        links.node_key,
        links.identifier_type,
        links.identifier_key,
        links.rule,
        links.score,
        links.evidence,
        links.observed_at,
        coalesce(links.set_aside_reason, edges_set_aside.set_aside_reason) as set_aside_reason
    from links
    left join edges_set_aside
        on links.record_key = edges_set_aside.record_key
        and links.node_key = edges_set_aside.node_key
)

select * from parted
