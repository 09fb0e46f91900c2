with

campaign_inputs as (
    {{ cercle.union_inputs('campaigns') }}
),

described as (
    select
        -- ids
        source_name || ':' || campaign_id as campaign_id,
        source_name,
        campaign_id as campaign_number,
        brand_id,

        -- strings
        name,
        channel,
        kind,
        topic,
        description,
        currency_code,

        -- numerics
        cost_amount,

        -- timestamps
        starts_at,
        ends_at,
        updated_at
    from campaign_inputs
)

select * from described
