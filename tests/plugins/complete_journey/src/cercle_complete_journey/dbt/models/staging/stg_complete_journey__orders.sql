-- The file has lines alone: a basket is made from its lines, which all carry the same household, store and time.
with

order_lines as (
    select *
    from {{ ref('stg_complete_journey__order_lines') }}
    where is_current_version
),

baskets as (
    select
        -- ids
        'orders:' || source_name || ':' || order_id as record_key,
        source_name,
        order_id,
        min(customer_ref) as customer_ref,
        min(store_id) as store_id,

        -- strings
        'store' as sales_channel,
        'till' as device,
        'completed' as status,
        'USD' as currency_code,

        -- numerics
        sum(line_amount) as total_amount,

        -- booleans
        true as is_current_version,

        -- timestamps
        min(ordered_at) as ordered_at,
        max(updated_at) as updated_at,

        -- load metadata: the newest load that touched the basket
        max(_load_id) as _load_id,
        min(_row_id) as _row_id,
        min(_line) as _line,
        null::jsonb as _extra
    from order_lines
    group by source_name, order_id
)

select * from baskets
