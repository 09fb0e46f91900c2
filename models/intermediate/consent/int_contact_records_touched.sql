{{ config(materialized='ephemeral') }}

-- A record that another customer has now, that came again, or that the last publication gave to another.
-- depends_on: {{ ref('int_record_customers') }}
with

touched as (
    {{ cercle.list_changed_keys('record', 'record_key') }}

    union

    select record_key
    from {{ ref('int_records_arrived') }}

    union

    select member_key as record_key
    from {{ source('identity', 'members') }}
    where kind = 'customer' and to_publication_id >= (select published_build.publication_id from ops.published_build)
)

select * from touched
