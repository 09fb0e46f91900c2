with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

guarded as (
    select *
    from {{ ref('int_identifiers_guarded') }}
    where sharing in ('own', 'shared', 'crowded')
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
    where is_listed
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

used as (
    select
        record_customers.customer_id,
        observed.identifier_type,
        observed.identifier_value,
        observed.source_name,
        min(observed.identifier_key) as identifier_key,
        min(observed.first_seen_at) as first_seen_at,
        max(observed.last_seen_at) as last_seen_at,
        count(*) as record_count
    from observed
    inner join identifier_types on observed.identifier_type = identifier_types.identifier_type
    inner join record_customers on observed.record_key = record_customers.record_key
    group by
        record_customers.customer_id,
        observed.identifier_type,
        observed.identifier_value,
        observed.source_name
),

-- Bad values and the company's own are nobody's; a value that people share is listed for each of them.
held as (
    select
        used.*,
        guarded.sharing <> 'own' as is_shared,
        guarded.is_role_mailbox
    from used
    inner join guarded
        on used.identifier_type = guarded.identifier_type
        and used.identifier_value = guarded.identifier_value
),

final as (
    select
        -- ids
        md5(concat_ws('|', customer_id, identifier_type, identifier_value)) as customer_identifier_id,
        customer_id,

        -- strings
        identifier_type,
        identifier_value,
        min(identifier_key) as identifier_key,
        array_agg(source_name order by source_name) as source_names,

        -- numerics
        sum(record_count)::bigint as record_count,

        -- booleans
        bool_or(is_shared) as is_shared,
        bool_or(is_role_mailbox) as is_role_mailbox,

        -- timestamps
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from held
    group by customer_id, identifier_type, identifier_value
)

select * from final
