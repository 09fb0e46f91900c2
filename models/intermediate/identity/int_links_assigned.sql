with

links as (
    select *
    from {{ ref('int_links_unioned') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

assigned as (
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

select * from assigned
