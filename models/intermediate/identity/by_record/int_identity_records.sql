{{ config(indexes=[{'columns': ['record_key'], 'unique': true}]) }}

with

identity_values as (
    select *
    from {{ ref('int_identity_values') }}
    where {{ cercle.is_arrived_record() }}
),

-- An older version of a record still belongs to it, so it dates the record; names are those of the current version.
described as (
    select
        -- ids
        record_key,

        -- strings
        min(source_name) as source_name,
        min(entity) as entity,
        max(value) filter (where attribute = 'given_name' and is_current) as given_name,
        max(value) filter (where attribute = 'family_name' and is_current) as family_name,
        max(value) filter (where attribute = 'full_name' and is_current) as full_name,
        max(value) filter (where attribute = 'postal_address' and is_current) as postal_address,
        max(value) filter (where attribute = 'postcode' and is_current) as postcode,
        max(value) filter (where attribute = 'city' and is_current) as city,

        -- booleans
        bool_or(is_profile) as is_profile,

        -- dates
        max(value) filter (where attribute = 'birth_date' and is_current)::date as birth_date,

        -- timestamps
        min(occurred_at) as occurred_at
    from identity_values
    group by record_key
)

select * from described
