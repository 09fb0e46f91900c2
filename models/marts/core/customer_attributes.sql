with

attributes_ranked as (
    select * from {{ ref('int_attributes_ranked') }}
),

described as (
    select
        -- ids
        customer_attribute_id,
        customer_id,
        record_key,
        source_name,

        -- strings
        attribute,
        attribute_value,
        survivorship_rule,

        -- numerics
        rank,

        -- booleans
        is_chosen,

        -- timestamps
        observed_at
    from attributes_ranked
)

select * from described
