{{ config(
    indexes=[{'columns': ['contact_point']}, {'columns': ['identity']}],
    meta={'key': ['sale_id', 'contact_point', 'product_family'], 'changes': {'customer': ['identity']}}
) }}

-- The families of a sale are the order's own and those of its lines.
with

orders as (
    {{ cercle.union_inputs('orders') }}
),

order_lines as (
    {{ cercle.union_inputs('order_lines') }}
),

regions as (
    {{ cercle.source_regions() }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

pseudonyms as (
    select *
    from {{ source('privacy', 'contact_points') }}
),

families as (
    select
        'orders:' || source_name || ':' || order_id as record_key,
        product_family
    from order_lines
    where product_family is not null

    union

    select
        record_key,
        product_family
    from orders
    where product_family is not null
),

written as (
    select
        record_key,
        'email' as value_type,
        '' as region,
        email as original
    from orders

    union all

    select
        orders.record_key,
        'phone' as value_type,
        coalesce(regions.region, '') as region,
        orders.phone as original
    from orders
    left join regions on orders.source_name = regions.source_name
),

keyed as (
    select
        written.record_key,
        normalised_values.value_key
    from written
    inner join {{ source('ops', 'normalised_values') }} as normalised_values
        on written.value_type = normalised_values.value_type
        and written.region = normalised_values.region
        and md5(written.original)::uuid = normalised_values.original_hash
    where normalised_values.value_key is not null
),

evidenced as (
    select
        'main' as ledger,
        orders.record_key as sale_id,
        record_customers.customer_id as identity,
        coalesce(pseudonyms.ledger_key, keyed.value_key) as contact_point,
        orders.controller,
        families.product_family,
        orders.status,
        orders.is_collected_from_subject,
        orders.is_optout_offered,
        orders.ordered_at as occurred_at,
        orders.ordered_at as known_from
    from orders
    inner join record_customers on orders.record_key = record_customers.record_key
    inner join families on orders.record_key = families.record_key
    inner join keyed on orders.record_key = keyed.record_key
    left join pseudonyms on keyed.value_key = pseudonyms.contact_point_key
    where orders.status = 'completed'
)

select * from evidenced
