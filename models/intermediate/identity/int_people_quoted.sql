with

ordered as (
    select *
    from {{ ref('int_names_ordered') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

-- The numbers that stand for one person.
identifiers as (
    select *
    from {{ ref('int_identifiers_observed') }}
    where identifier_type in ('customer_ref', 'loyalty_id')
),

-- Whom a register names under such a number.
registered as (
    select
        identifiers.identifier_type,
        identifiers.identifier_value,
        (array_agg(ordered.record_key order by ordered.occurred_at, ordered.record_key))[1] as record_key
    from ordered
    inner join identifiers on ordered.record_key = identifiers.record_key
    where
        ordered.is_profile
        and ordered.is_structured
        and length(ordered.given_name) > 1
        and not identifiers.is_bad
    group by identifiers.identifier_type, identifiers.identifier_value
    having count(distinct ordered.given_name) = 1
),

-- A record that quotes such a number speaks of that person, whatever name it carries, or none.
quoted as (
    select distinct on (identifiers.record_key)
        identifiers.record_key,
        registered.record_key as registered_record_key
    from identifiers
    inner join registered
        on identifiers.identifier_type = registered.identifier_type
        and identifiers.identifier_value = registered.identifier_value
    inner join identifier_types on identifiers.identifier_type = identifier_types.identifier_type
    order by identifiers.record_key, identifier_types.priority, registered.record_key
)

select * from quoted
