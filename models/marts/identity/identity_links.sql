with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

edges_matched as (
    select *
    from {{ ref('int_edges_matched') }}
),

edges_set_aside as (
    select *
    from {{ ref('int_edges_set_aside') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

links as (
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
        set_aside_reason
    from edges_judged
    where node_key is null
),

final as (
    select
        -- ids
        md5(concat_ws('|', links.record_key, links.identifier_type, links.identifier_key)) as identity_link_id,
        links.record_key,
        record_customers.customer_id,

        -- strings
        links.identifier_type,
        links.identifier_key,
        md5(links.node_key) as link_node,
        links.rule,
        links.evidence,
        links.set_aside_reason,

        -- numerics
        links.score::numeric(4, 2) as score,

        -- booleans
        links.set_aside_reason is not null as is_set_aside,

        -- timestamps
        links.observed_at
    from links
    left join record_customers on links.record_key = record_customers.record_key
)

select * from final
