-- An order's net amount is the sum of its lines in the order's currency, rounded nowhere; without lines it is the source's total.
-- Lines whose order never came (its row was refused, say) keep an order without a header, so that no line's money is lost.
with

order_versions as (
    select * from {{ ref('int_order_versions') }}
),

order_line_versions as (
    select * from {{ ref('int_order_line_versions') }}
),

headers as (
    select *
    from order_versions
    where is_current_version
),

lines as (
    select
        order_line_versions.order_id,
        order_line_versions.source_name,
        order_line_versions.currency_code,
        order_line_versions.line_amount,
        coalesce(
            headers.currency_code,
            min(order_line_versions.currency_code) over (partition by order_line_versions.order_id)
        ) as order_currency_code
    from order_line_versions
    left join headers on order_line_versions.order_id = headers.order_id
    where order_line_versions.is_current_version
),

line_sums as (
    select
        order_id,
        min(source_name) as source_name,
        min(order_currency_code) as currency_code,
        sum(line_amount) filter (where currency_code = order_currency_code) as line_amount,
        count(*) as line_count,
        count(*) filter (where currency_code <> order_currency_code) as other_currency_line_count
    from lines
    group by order_id
),

totalled as (
    select
        coalesce(headers.order_id, line_sums.order_id) as order_id,
        coalesce(headers.source_name, line_sums.source_name) as source_name,
        coalesce(headers.order_number, substr(line_sums.order_id, length(line_sums.source_name) + 2)) as order_number,
        headers.store_id,
        headers.brand_id,
        headers.campaign_number,
        headers.sales_channel,
        headers.device,
        coalesce(headers.status, 'unknown') as status,
        headers.controller,
        headers.product_family,
        coalesce(headers.currency_code, line_sums.currency_code) as currency_code,
        headers.total_amount,
        case when line_sums.order_id is null then headers.total_amount else coalesce(line_sums.line_amount, 0) end as net_amount,
        coalesce(line_sums.line_count, 0) as line_count,
        coalesce(line_sums.other_currency_line_count, 0) as other_currency_line_count,
        headers.order_id is null as is_header_missing,
        coalesce({{ cercle.is_revenue_status('headers.status') }}, false) as is_revenue,
        headers.ordered_at,
        headers.updated_at
    from headers
    full outer join line_sums on headers.order_id = line_sums.order_id
)

select * from totalled
