-- The first instant after each month of the company's time zone, from the first order on, none in the future. They stop when every
-- customer must have lapsed: after the last record and the longest lifecycle nothing can change any more, and old data stays cheap.
with

order_versions as (
    select * from {{ ref('int_order_versions') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

orders as (
    select
        min(ordered_at) as first_order_at,
        max(known_from) as last_known_at
    from order_versions
),

records as (
    select max(valid_from) as last_record_at
    from record_customers
),

bounds as (
    select
        date_trunc('month', orders.first_order_at at time zone '{{ var("cercle_time_zone") }}') as first_month,
        date_trunc(
            'month',
            least(
                {{ cercle.as_of() }},
                greatest(orders.last_known_at, records.last_record_at)
                + {{ var('cercle_lifecycle_days')['lapsing'] }} * interval '1 day' + interval '2 months'
            ) at time zone '{{ var("cercle_time_zone") }}'
        ) as last_month
    from orders
    cross join records
),

months as (
    select generate_series(bounds.first_month + interval '1 month', bounds.last_month, interval '1 month') as local_month_end
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
