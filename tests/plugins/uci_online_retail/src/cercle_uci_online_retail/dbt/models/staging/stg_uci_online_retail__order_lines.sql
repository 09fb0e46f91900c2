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
            partition by _source, "InvoiceNo"
            order by "StockCode", _row_hash, _occurrence, _row_id
        )::bigint as line_number
    from source
),

renamed as (
    select
        -- ids
        'order_lines:' || _source || ':' || "InvoiceNo" || ':' || line_number::text as record_key,
        _source as source_name,
        "InvoiceNo" as order_id,
        "StockCode" as product_id,
        split_part("CustomerID", '.', 1) as customer_ref,

        -- strings
        "Description" as product_name,
        'GBP' as currency_code,
        "Country" as country_name,

        -- numerics: exact products, rounded nowhere
        line_number,
        "Quantity"::numeric as quantity,
        "UnitPrice" as unit_price_amount,
        "Quantity" * "UnitPrice" as line_amount,

        -- booleans
        "InvoiceNo" like 'C%' as is_return,
        true as is_current_version,

        -- timestamps
        "InvoiceDate" as ordered_at,
        "InvoiceDate" as updated_at,

        -- load metadata
        _load_id,
        _row_id,
        _line,
        _extra
    from numbered
)

select * from renamed
