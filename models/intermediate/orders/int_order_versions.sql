-- Every version that the sources wrote, with the time during which it was what was known: from its writing, and not before the order,
-- until the next version's.
with

orders as (
    {{ cercle.union_inputs('orders', versions='all') }}
),

periods as (
    select
        source_name || ':' || order_id as order_id,
        record_key,
        source_name,
        order_id as order_number,
        store_id,
        brand_id,
        campaign_id as campaign_number,
        sales_channel,
        device,
        status,
        currency_code,
        controller,
        product_family,
        total_amount,
        is_current_version,
        ordered_at,
        updated_at,
        greatest(ordered_at, updated_at) as known_from,
        lead(greatest(ordered_at, updated_at), 1, 'infinity') over versions as known_to,
        row_number() over versions as version_number,
        _load_id
    from orders
    window versions as (partition by record_key order by updated_at, is_current_version, _row_id)
)

select * from periods
