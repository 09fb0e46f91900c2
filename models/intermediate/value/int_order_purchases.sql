-- A purchase is an order while it is completed: one that is cancelled or wholly returned later stops being one when that is known.
with

order_versions as (
    select * from {{ ref('int_order_versions') }}
),

purchases as (
    select
        order_id,
        record_key,
        currency_code,
        ordered_at,
        known_from as counted_from,
        known_to as counted_to
    from order_versions
    where status = 'completed' and known_from < known_to
)

select * from purchases
