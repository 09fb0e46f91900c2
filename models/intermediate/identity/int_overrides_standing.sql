{{ config(materialized='table') }}

-- The one model of identity that asks the clock: a decision that runs out changes this table, and so what is made from it.
with

overrides as (
    select *
    from {{ source('identity', 'overrides') }}
    where {{ cercle.is_override_valid() }}
),

standing as (
    select
        -- ids
        override_id,
        left_record,
        right_record,

        -- strings
        action,
        identifier_type,
        identifier_value,

        -- timestamps
        made_at
    from overrides
)

select * from standing
