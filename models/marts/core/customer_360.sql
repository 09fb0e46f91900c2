-- Keys and masked forms only: a clear contact point stands in customer_identifiers, a clear name in customer_attributes.
with

customers as (
    select * from {{ ref('int_customers_listed') }}
),

profiles as (
    select * from {{ ref('int_customer_profiles') }}
),

order_sums as (
    select * from {{ ref('int_customer_orders_summed') }}
),

contact_sums as (
    select * from {{ ref('int_customer_contacts_summed') }}
),

permissions as (
    select * from {{ ref('int_customer_permissions_summed') }}
),

segments as (
    select * from {{ ref('customer_segments') }}
    where is_current
),

customer_values as (
    select * from {{ ref('customer_value') }}
    where is_current
),

joined as (
    select
        -- ids
        customers.customer_id,
        profiles.email_key,
        profiles.phone_key,
        order_sums.last_brand_id,

        -- strings
        profiles.display_name,
        case
            when order_sums.order_count > 0 then 'customer'
            when customers.is_registered or profiles.email_key is not null or profiles.phone_key is not null then 'prospect'
            else 'unknown'
        end as relationship,
        profiles.email_masked,
        profiles.phone_masked,
        profiles.age_band,
        profiles.generation,
        profiles.gender,
        profiles.city,
        profiles.postcode_prefix,
        profiles.country_code,
        profiles.language,
        contact_sums.preferred_channel,
        contact_sums.preferred_channel_basis,
        segments.segment,
        coalesce(segments.lifecycle, case when order_sums.order_count > 0 then 'new' else 'prospect' end) as lifecycle,
        '{{ var("cercle_currency") }}' as currency_code,

        -- numerics
        customers.record_count,
        customers.source_count,
        coalesce(order_sums.order_count, 0) as order_count,
        coalesce(order_sums.other_currency_order_count, 0) as other_currency_order_count,
        coalesce(order_sums.net_revenue_amount, 0) as net_revenue_amount,
        coalesce(contact_sums.contact_count, 0) as contact_count,
        coalesce(contact_sums.complaint_count, 0) as complaint_count,
        coalesce(contact_sums.open_conversation_count, 0) as open_conversation_count,
        customer_values.own_value_amount,
        customer_values.influenced_value_amount,

        -- booleans
        coalesce(permissions.can_email_marketing, false) as can_email_marketing,
        coalesce(permissions.can_sms_marketing, false) as can_sms_marketing,
        coalesce(permissions.can_call_marketing, false) as can_call_marketing,
        coalesce(permissions.is_consent_known, false) as is_consent_known,
        coalesce(permissions.is_do_not_disturb, false) as is_do_not_disturb,

        -- timestamps
        customers.first_seen_at,
        customers.last_seen_at,
        order_sums.first_order_at,
        order_sums.last_order_at,
        contact_sums.last_contact_at,
        greatest(customers.last_seen_at, contact_sums.last_contact_at, order_sums.last_order_at) as freshness_at
    from customers
    left join profiles on customers.customer_id = profiles.customer_id
    left join order_sums on customers.customer_id = order_sums.customer_id
    left join contact_sums on customers.customer_id = contact_sums.customer_id
    left join permissions on customers.customer_id = permissions.customer_id
    left join segments on customers.customer_id = segments.customer_id
    left join customer_values on customers.customer_id = customer_values.customer_id
)

select * from joined
