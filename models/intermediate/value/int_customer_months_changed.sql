-- What the month before each month end added to a customer's orders and net revenue in the company's currency.
with

value_changes as (
    select * from {{ ref('int_order_value_changes') }}
),

purchases as (
    select * from {{ ref('int_order_purchases') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

changes as (
    select
        order_id,
        {{ cercle.month_end('changed_at') }} as month_end_at,
        case when currency_code = '{{ var("cercle_currency") }}' then net_amount_change else 0 end as net_amount_change,
        0 as order_count_change,
        0 as other_currency_order_count_change
    from value_changes
    union all
    select
        order_id,
        {{ cercle.month_end('counted_from') }} as month_end_at,
        0 as net_amount_change,
        1 as order_count_change,
        case when currency_code = '{{ var("cercle_currency") }}' then 0 else 1 end as other_currency_order_count_change
    from purchases
    union all
    select
        order_id,
        {{ cercle.month_end('counted_to') }} as month_end_at,
        0 as net_amount_change,
        -1 as order_count_change,
        case when currency_code = '{{ var("cercle_currency") }}' then 0 else -1 end as other_currency_order_count_change
    from purchases
    where counted_to < 'infinity'
),

changed as (
    select
        record_customers.customer_id,
        changes.month_end_at,
        sum(changes.net_amount_change) as net_amount_change,
        sum(changes.order_count_change) as order_count_change,
        sum(changes.other_currency_order_count_change) as other_currency_order_count_change
    from changes
    inner join record_customers on 'orders:' || changes.order_id = record_customers.record_key
    group by record_customers.customer_id, changes.month_end_at
)

select * from changed
