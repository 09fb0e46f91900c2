{{ config(materialized='table') }}

with

arrived as (
    {{ cercle.list_arrived_records(cercle.identity_inputs()) }}
)

select * from arrived
