-- Every version of every line, customers or not, with the time during which it was what was known.
with

order_lines as (
    {{ cercle.union_inputs('order_lines', versions='all') }}
),

periods as (
    select
        substr(record_key, length('order_lines:') + 1) as order_line_id,
        source_name || ':' || order_id as order_id,
        source_name,
        product_id,
        product_name,
        product_family,
        currency_code,
        line_number,
        quantity,
        unit_price_amount,
        discount_amount,
        line_amount,
        coalesce(is_return, quantity < 0) as is_return,
        is_current_version,
        updated_at,
        coalesce(updated_at, '-infinity') as known_from,
        lead(updated_at, 1, 'infinity') over versions as known_to,
        row_number() over versions as version_number,
        _load_id
    from order_lines
    window versions as (partition by record_key order by updated_at, is_current_version, _row_id)
)

select * from periods
