{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='interaction_id',
    indexes=[{'columns': ['interaction_id'], 'unique': true}],
) }}

-- Rows whose current version came with a new load replace what stood; every other row is as it was.
with

social_interactions as (
    select * from {{ ref('int_social_interactions_shaped') }}
),

messages as (
    select * from {{ ref('int_email_interactions_shaped') }}
),

phone_interactions as (
    select * from {{ ref('int_phone_interactions_shaped') }}
),

visits as (
    select * from {{ ref('int_store_interactions_shaped') }}
),

contacts as (
    select * from {{ ref('int_contact_interactions_shaped') }}
),

unioned as (
    {%- for channel in ['social_interactions', 'messages', 'phone_interactions', 'visits', 'contacts'] %}
    select *
    from {{ channel }}
    {%- if is_incremental() %}
    where {{ cercle.is_new_load() }}
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from unioned
