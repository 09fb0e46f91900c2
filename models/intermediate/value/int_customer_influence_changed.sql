-- What each month added to a customer's influence, and to what others are credited with of the customer's own value. The orders
-- that a referred customer places after the referral are credited whole to the one referrer, so the two columns add up alike.
with

referrals as (
    select * from {{ ref('int_referrals_found') }}
),

value_changes as (
    select * from {{ ref('int_order_value_changes') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

replies as (
    select * from {{ ref('int_public_replies_counted') }}
),

referred_changes as (
    select
        referrals.referrer_customer_id,
        referrals.referred_customer_id,
        {{ cercle.month_end('value_changes.changed_at') }} as month_end_at,
        sum(value_changes.net_amount_change) as net_amount_change
    from value_changes
    inner join record_customers on 'orders:' || value_changes.order_id = record_customers.record_key
    inner join referrals
        on record_customers.customer_id = referrals.referred_customer_id
        and value_changes.ordered_at >= referrals.referred_at
    where value_changes.currency_code = '{{ var("cercle_currency") }}'
    group by
        referrals.referrer_customer_id,
        referrals.referred_customer_id,
        {{ cercle.month_end('value_changes.changed_at') }}
),

contributions as (
    select
        referrer_customer_id as customer_id,
        month_end_at,
        net_amount_change as influenced_amount_change,
        0 as credited_to_others_amount_change,
        0 as referral_count_change,
        0 as reply_count_change
    from referred_changes
    union all
    select
        referred_customer_id as customer_id,
        month_end_at,
        0 as influenced_amount_change,
        net_amount_change as credited_to_others_amount_change,
        0 as referral_count_change,
        0 as reply_count_change
    from referred_changes
    union all
    select
        referrer_customer_id as customer_id,
        {{ cercle.month_end('referred_at') }} as month_end_at,
        0 as influenced_amount_change,
        0 as credited_to_others_amount_change,
        1 as referral_count_change,
        0 as reply_count_change
    from referrals
    union all
    select
        customer_id,
        month_end_at,
        0 as influenced_amount_change,
        0 as credited_to_others_amount_change,
        0 as referral_count_change,
        reply_count as reply_count_change
    from replies
),

changed as (
    select
        customer_id,
        month_end_at,
        sum(influenced_amount_change) as influenced_amount_change,
        sum(credited_to_others_amount_change) as credited_to_others_amount_change,
        sum(referral_count_change)::bigint as referral_count_change,
        sum(reply_count_change)::bigint as reply_count_change
    from contributions
    group by customer_id, month_end_at
)

select * from changed
