with

preferences_ranked as (
    select * from {{ ref('int_channel_preferences_ranked') }}
),

described as (
    select
        -- ids
        customer_id,

        -- strings
        channel,
        preference_basis,

        -- numerics
        inbound_count,
        inbound_share,
        observed_rank,

        -- booleans
        is_stated,
        is_preferred,

        -- timestamps
        stated_at,
        last_contact_at
    from preferences_ranked
)

select * from described
