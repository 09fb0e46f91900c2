-- There is no key: a line is its content plus its occurrence among identical lines. Lines are numbered within their invoice by
-- content, so that the order in which files come changes nothing.
with

source as (
    select *
    from {{ source('raw', 'uci_online_retail__lines') }}
    where {{ cercle.is_admitted() }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by _source, invoice_no
            order by stock_code, _row_hash, _occurrence, _row_id
        )::bigint as line_number
    from source
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || invoice_no || ':' || line_number::text as record_key,
        _source as source_name,
        invoice_no as order_id,
        stock_code as product_id,
        split_part(customer_id, '.', 1) as customer_ref,

        -- strings
        description as product_name,
        'GBP' as currency_code,
        country as country_name,

        -- numerics: exact products, rounded nowhere
        line_number,
        quantity::numeric as quantity,
        unit_price as unit_price_amount,
        quantity * unit_price as line_amount,

        -- booleans
        invoice_no like 'C%' as is_return,
        true as is_current_version,

        -- timestamps
        invoiced_at as ordered_at,
        invoiced_at as updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
