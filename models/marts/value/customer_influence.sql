with

influence_changed as (
    select * from {{ ref('int_customer_influence_changed') }}
),

month_ends as (
    select * from {{ ref('int_month_ends_listed') }}
),

known as (
    select influence_changed.*
    from influence_changed
    inner join month_ends on influence_changed.month_end_at = month_ends.month_end_at
),

periods as (
    select
        -- ids
        customer_id,

        -- strings
        '{{ var("cercle_currency") }}' as currency_code,

        -- numerics
        (sum(referral_count_change) over in_customer)::bigint as referral_count,
        (sum(reply_count_change) over in_customer)::bigint as reply_received_count,
        sum(influenced_amount_change) over in_customer as influenced_value_amount,
        sum(credited_to_others_amount_change) over in_customer as credited_to_others_amount,

        -- booleans
        lead(month_end_at) over in_customer is null as is_current,

        -- timestamps
        month_end_at as valid_from,
        lead(month_end_at) over in_customer as valid_to
    from known
    window in_customer as (partition by customer_id order by month_end_at)
)

select * from periods
