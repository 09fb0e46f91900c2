-- A row holds from a month end until the month end at which something changed.
with

months_scored as (
    select * from {{ ref('int_customer_months_scored') }}
),

signed as (
    select
        *,
        concat_ws(
            '|',
            coalesce(recency_score, 0),
            coalesce(frequency_score, 0),
            coalesce(monetary_score, 0),
            coalesce(segment, ''),
            lifecycle
        ) as signature
    from months_scored
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
        segment,
        lifecycle,

        -- numerics
        recency_score,
        frequency_score,
        monetary_score,

        -- booleans
        lead(month_end_at) over in_customer is null as is_current,

        -- timestamps
        month_end_at as valid_from,
        lead(month_end_at) over in_customer as valid_to
    from compared
    where signature is distinct from previous_signature
    window in_customer as (partition by customer_id order by month_end_at)
)

select * from periods
