with

source as (
    select *
    from {{ source('raw', 'complete_journey__coupon_redemptions') }}
    where {{ cercle.is_admitted() }}
),

renamed as (
    select
        -- ids
        'campaign_events:' || _source || ':' || campaign_id || ':' || household_id || ':' || coupon_upc
        || ':' || redemption_date::text as record_key,
        _source as source_name,
        campaign_id || ':' || household_id || ':' || coupon_upc || ':' || redemption_date::text as event_id,
        campaign_id,
        household_id as customer_ref,

        -- strings: a coupon that is redeemed is the campaign's answer, as a click is an e-mail's
        'click' as kind,

        -- booleans
        {{ cercle.is_current_version(['household_id', 'coupon_upc', 'campaign_id', 'redemption_date']) }} as is_current_version,

        -- timestamps
        redemption_date::timestamp at time zone 'UTC' as occurred_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from source
)

select * from renamed
