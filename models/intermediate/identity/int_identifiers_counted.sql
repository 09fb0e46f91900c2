with

observed as not materialized (
    select *
    from {{ ref('int_identifiers_observed') }}
),

people_grouped as (
    select *
    from {{ ref('int_people_grouped') }}
),

source_values as (
    select
        identifier_type,
        identifier_value,
        source_name,
        min(identifier_key) as identifier_key,
        count(*) as record_count,
        bool_or(is_bad) as is_bad,
        bool_or(is_role) as is_role,
        bool_or(is_fixed_line) as is_fixed_line,
        max(last_seen_at) as last_seen_at
    from observed
    group by identifier_type, identifier_value, source_name
),

identifier_values as (
    select
        identifier_type,
        identifier_value,
        min(identifier_key) as identifier_key,
        sum(record_count)::bigint as record_count,
        count(*) as source_count,
        bool_or(is_bad) as is_bad,
        bool_or(is_role) as is_role,
        bool_or(is_fixed_line) as is_fixed_line,
        max(last_seen_at) as last_seen_at
    from source_values
    group by identifier_type, identifier_value
),

-- How many different people use the value, by their names and dates of birth: not how many records.
people_counts as (
    select
        scope,
        max(people_count) as people_count
    from people_grouped
    group by scope
),

-- Where no record has a name: how many customer numbers.
references_met as (
    select distinct
        observed.identifier_type,
        observed.identifier_value,
        customer_refs.identifier_value as customer_ref
    from observed
    inner join observed as customer_refs
        on observed.record_key = customer_refs.record_key
        and customer_refs.identifier_type = 'customer_ref'
    where observed.identifier_type <> 'customer_ref'
),

references_used as (
    select
        identifier_type,
        identifier_value,
        count(*) as reference_count
    from references_met
    group by identifier_type, identifier_value
),

-- A name is common when it stands with many postcodes.
name_counts as (
    select
        split_part(identifier_value, '|', 2) || '|' || split_part(identifier_value, '|', 3) as name_key,
        count(*) as postcode_count
    from identifier_values
    where identifier_type = 'name_postcode'
    group by name_key
),

counted as (
    select
        identifier_values.*,
        coalesce(people_counts.people_count, 0) as people_count,
        coalesce(references_used.reference_count, 0) as reference_count,
        coalesce(name_counts.postcode_count, 0) as name_postcode_count
    from identifier_values
    left join people_counts
        on identifier_values.identifier_type || ':' || identifier_values.identifier_value = people_counts.scope
    left join references_used
        on identifier_values.identifier_type = references_used.identifier_type
        and identifier_values.identifier_value = references_used.identifier_value
    left join name_counts
        on identifier_values.identifier_type = 'name_postcode'
        and split_part(identifier_values.identifier_value, '|', 2) || '|'
        || split_part(identifier_values.identifier_value, '|', 3) = name_counts.name_key
)

select * from counted
