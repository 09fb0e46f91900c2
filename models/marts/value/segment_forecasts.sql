-- What a segment's customers are worth from now on, by what came true of it: of the customers who were in it three months before, the share who
-- ordered since (retention), and what these brought on average. Lifetime value is that amount in each quarter of the horizon, times the chance to
-- be still there, discounted. Nothing in it was known later than its month end.
with

months_scored as (
    select * from {{ ref('int_customer_months_scored') }}
),

months_valued as (
    select * from {{ ref('int_customer_months_valued') }}
),

month_ends as (
    select
        month_end_at,
        next_month_end_at,
        lag(month_end_at, 3) over (order by month_end_at) as reference_month_end_at
    from {{ ref('int_month_ends_listed') }}
),

outcomes as (
    select
        month_ends.month_end_at,
        month_ends.next_month_end_at,
        months_scored.segment,
        after_months.order_count > before_months.order_count as is_retained,
        after_months.net_amount - before_months.net_amount as net_amount
    from month_ends
    inner join months_scored on month_ends.reference_month_end_at = months_scored.month_end_at
    inner join months_valued as before_months
        on months_scored.customer_id = before_months.customer_id
        and months_scored.month_end_at = before_months.month_end_at
    inner join months_valued as after_months
        on months_scored.customer_id = after_months.customer_id
        and month_ends.month_end_at = after_months.month_end_at
    where months_scored.segment is not null
),

measured as (
    select
        month_end_at,
        next_month_end_at,
        segment,
        count(*) as customer_count,
        count(*) filter (where is_retained) as retained_count,
        avg(is_retained::integer) as retention_share,
        coalesce(avg(net_amount) filter (where is_retained), 0) as retained_net_amount
    from outcomes
    group by month_end_at, next_month_end_at, segment
),

forecast as (
    select
        -- strings
        measured.segment,
        '{{ var("cercle_currency") }}' as currency_code,

        -- numerics
        measured.customer_count,
        measured.retained_count,
        trim_scale(round(measured.retention_share, 4)) as retention_share,
        trim_scale(round(measured.retained_net_amount, 2)) as retained_net_amount,
        trim_scale(round(
            measured.retained_net_amount * sum(
                power(measured.retention_share, quarter) / power(1 + {{ var('cercle_clv')['discount'] }}, quarter - 1)
            ),
            2
        )) as lifetime_value_amount,

        -- booleans
        measured.next_month_end_at is null as is_current,

        -- timestamps
        measured.month_end_at as valid_from,
        measured.next_month_end_at as valid_to
    from measured
    cross join generate_series(1, {{ var('cercle_clv')['quarters'] }}) as quarter
    group by
        measured.segment,
        measured.customer_count,
        measured.retained_count,
        measured.retention_share,
        measured.retained_net_amount,
        measured.month_end_at,
        measured.next_month_end_at
)

select * from forecast
