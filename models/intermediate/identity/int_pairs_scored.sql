{{ config(materialized='delivered') }}

with

-- Filled by cercle.identity.matching, from int_people_compared. Without that step no two descriptions are alike.
scored as (
    select
        -- ids
        description_key as left_description_key,
        description_key as right_description_key,

        -- strings
        null::text as given_name_level,
        null::text as family_name_level,
        null::text as birth_date_level,
        null::text as place_level,
        null::text as email_level,
        null::text as phone_level,
        null::text as card_level,

        -- numerics
        null::double precision as match_weight
    from {{ ref('int_people_compared') }}
    where false
)

select * from scored
