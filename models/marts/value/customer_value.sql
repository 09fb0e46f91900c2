-- Own value is net revenue to date. What a referrer is credited with, the referred customer's row shows as credited to others: over all
-- customers own + influenced - credited to others is again net revenue, so nothing counts twice.
with

months_valued as (
    select * from {{ ref('int_customer_months_valued') }}
),

influence_changed as (
    select * from {{ ref('int_customer_influence_changed') }}
),

months as (
    select
        months_valued.*,
        coalesce(sum(influence_changed.influenced_amount_change) over until_month_end, 0) as influenced_amount,
        coalesce(sum(influence_changed.credited_to_others_amount_change) over until_month_end, 0) as credited_to_others_amount
    from months_valued
    left join influence_changed
        on months_valued.customer_id = influence_changed.customer_id
        and months_valued.month_end_at = influence_changed.month_end_at
    window until_month_end as (partition by months_valued.customer_id order by months_valued.month_end_at)
),

signed as (
    select
        *,
        concat_ws(
            '|',
            order_count,
            other_currency_order_count,
            net_amount,
            influenced_amount,
            credited_to_others_amount,
            coalesce(first_order_at::text, ''),
            coalesce(last_order_at::text, '')
        ) as signature
    from months
),

compared as (
    select
        *,
        lag(signature) over (partition by customer_id order by month_end_at) as previous_signature
    from signed
),

periods as (
    select
        -- ids
        customer_id,

        -- strings
        '{{ var("cercle_currency") }}' as currency_code,

        -- numerics
        order_count,
        other_currency_order_count,
        net_amount as own_value_amount,
        influenced_amount as influenced_value_amount,
        credited_to_others_amount,
        net_amount + influenced_amount as total_value_amount,

        -- booleans
        lead(month_end_at) over in_customer is null as is_current,

        -- timestamps
        first_order_at,
        last_order_at,
        month_end_at as valid_from,
        lead(month_end_at) over in_customer as valid_to
    from compared
    where signature is distinct from previous_signature
    window in_customer as (partition by customer_id order by month_end_at)
)

select * from periods
