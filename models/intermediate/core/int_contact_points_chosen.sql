-- The contact point to show per customer and type: the customer's own before one that others share, then the last seen. From here on
-- only its key and its masked form.
with

identifiers as (
    select * from {{ ref('int_identifiers_observed') }}
),

edges as (
    select * from {{ ref('int_edges_judged') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

held as (
    select
        record_customers.customer_id,
        identifiers.identifier_type,
        identifiers.identifier_key,
        identifiers.identifier_value,
        bool_or(edges.sharing <> 'own') as is_shared,
        max(identifiers.last_seen_at) as last_seen_at,
        count(*) as record_count
    from identifiers
    inner join edges
        on identifiers.record_key = edges.record_key
        and identifiers.identifier_type = edges.identifier_type
        and identifiers.identifier_key = edges.identifier_key
    inner join record_customers on identifiers.record_key = record_customers.record_key
    where identifiers.identifier_type in ('email', 'phone')
        and edges.sharing in ('own', 'shared', 'crowded')
    group by
        record_customers.customer_id,
        identifiers.identifier_type,
        identifiers.identifier_key,
        identifiers.identifier_value
),

chosen as (
    select distinct on (customer_id, identifier_type)
        customer_id,
        identifier_type,
        identifier_key,
        {{ cercle.mask_contact_point('identifier_type', 'identifier_value') }} as masked_value
    from held
    order by customer_id, identifier_type, is_shared, last_seen_at desc, record_count desc, identifier_value
)

select * from chosen
