{{ config(materialized='view') }}

-- The links stand in int_links_assigned, which stays where nothing changed, its key guarded there; publication writes them to marts.
with

links as (
    select *
    from {{ ref('int_links_assigned') }}
),

identity_links as (
    select
        -- ids
        identity_link_id,
        record_key,
        customer_id,

        -- strings
        identifier_type,
        identifier_key,
        link_node,
        rule,
        evidence,
        set_aside_reason,

        -- numerics
        score,

        -- booleans
        is_set_aside,

        -- timestamps
        observed_at
    from links
)

select * from identity_links
