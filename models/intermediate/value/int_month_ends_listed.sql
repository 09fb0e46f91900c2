-- The first instant after each month of the company's time zone, from the first order on, none in the future.
with

order_versions as (
    select * from {{ ref('int_order_versions') }}
),

bounds as (
    select
        date_trunc('month', min(ordered_at) at time zone '{{ var("cercle_time_zone") }}') as first_month,
        {{ cercle.as_of() }} at time zone '{{ var("cercle_time_zone") }}' as local_now
    from order_versions
),

months as (
    select
        generate_series(
            bounds.first_month + interval '1 month',
            date_trunc('month', bounds.local_now),
            interval '1 month'
        ) as local_month_end
    from bounds
),

listed as (
    select
        local_month_end::date - 1 as month_end_date,
        local_month_end at time zone '{{ var("cercle_time_zone") }}' as month_end_at,
        lead(local_month_end at time zone '{{ var("cercle_time_zone") }}') over (order by local_month_end) as next_month_end_at
    from months
)

select * from listed
