with

edges_judged as (
    select *
    from {{ ref('int_edges_judged') }}
),

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

record_customers as (
    select *
    from {{ ref('int_record_customers') }}
),

-- Bad values and the company's own are nobody's; a value that people share is listed for each of them.
held as (
    select
        record_customers.customer_id,
        observed.identifier_type,
        observed.identifier_value,
        observed.identifier_key,
        observed.source_name,
        observed.first_seen_at,
        observed.last_seen_at,
        edges_judged.sharing <> 'own' as is_shared,
        edges_judged.is_role_mailbox
    from observed
    inner join identifier_types on observed.identifier_type = identifier_types.identifier_type
    inner join edges_judged
        on observed.record_key = edges_judged.record_key
        and observed.identifier_type = edges_judged.identifier_type
        and observed.identifier_key = edges_judged.identifier_key
    inner join record_customers on observed.record_key = record_customers.record_key
    where edges_judged.sharing in ('own', 'shared', 'crowded') and identifier_types.is_listed
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
        array_agg(distinct source_name order by source_name) as source_names,

        -- numerics
        count(*) as record_count,

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
