{{ config(materialized='connected_components', left='customer_id', right='home_key', is_kept=true) }}

with

edges as (
    select
        customer_id,
        home_key
    from {{ ref('int_household_links') }}
)

select * from edges
