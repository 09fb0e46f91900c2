{{ config(materialized='ephemeral') }}

with

decided as (
    select * from {{ ref('int_contacts_decided_1') }}
    union all
    select * from {{ ref('int_contacts_decided_2') }}
)

select * from decided
