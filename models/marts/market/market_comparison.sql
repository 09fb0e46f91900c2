with

benchmarks as (
    select * from {{ ref('market_benchmarks') }}
),

customers as (
    select * from {{ ref('customer_360') }}
),

customer_identifiers as (
    select * from {{ ref('customer_identifiers') }}
),

interactions as (
    select * from {{ ref('interactions') }}
),

channel_preferences as (
    select * from {{ ref('channel_preferences') }}
),

contactability as (
    select * from {{ ref('contactability') }}
),

orders as (
    select * from {{ ref('orders') }}
),

service_figures as (
    {{ cercle.market_figures_of_service() }}
),

people_figures as (
    {{ cercle.market_figures_of_people() }}
),

sales_figures as (
    {{ cercle.market_figures_of_sales() }}
),

own_figures as (
    select * from service_figures
    union all
    select * from people_figures
    union all
    select * from sales_figures
),

compared as (
    select
        -- ids
        benchmarks.figure_key,

        -- strings
        benchmarks.row_name,
        benchmarks.statement,
        benchmarks.unit,
        benchmarks.population,
        benchmarks.publisher,
        benchmarks.year_basis,
        own_figures.own_definition,

        -- numerics
        benchmarks.figure as published_figure,
        benchmarks.year,
        trim_scale(round(own_figures.own_figure, 4)) as own_figure
    from benchmarks
    left join own_figures on benchmarks.figure_key = own_figures.figure_key
)

select * from compared
