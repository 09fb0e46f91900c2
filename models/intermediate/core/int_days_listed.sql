{{ config(materialized='view') }}

-- The days that metrics run on: cumulative figures and gaps need a day without rows too.
with

days as (
    select day::date as day_date
    from generate_series(timestamp '2000-01-01', timestamp '2049-12-31', interval '1 day') as day
)

select * from days
