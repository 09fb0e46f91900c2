-- The files have lines alone: an invoice is made from its lines. A line may carry a time some minutes after the first.
with

order_lines as (
    select *
    from {{ ref('stg_uci_online_retail__order_lines') }}
),

invoices as (
    select
        -- ids
        'orders:' || source_name || ':' || order_id as record_key,
        source_name,
        order_id,
        min(customer_ref) as customer_ref,

        -- strings
        'web' as sales_channel,
        'unknown' as device,
        case when order_id like 'C%' then 'returned' else 'completed' end as status,
        'GBP' as currency_code,

        -- numerics
        sum(line_amount) as total_amount,

        -- booleans
        true as is_current_version,

        -- timestamps
        min(ordered_at) as ordered_at,
        max(updated_at) as updated_at,

        -- load metadata: the newest load that touched the invoice
        max(_load_id) as _load_id,
        min(_row_id) as _row_id,
        min(_line) as _line,
        null::jsonb as _extra
    from order_lines
    group by source_name, order_id
)

select * from invoices
