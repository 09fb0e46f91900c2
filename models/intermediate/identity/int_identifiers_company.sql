with

company_values as (
    {{ cercle.normalise_identity_values(cercle.company_inputs()) }}
),

people_values as (
    select *
    from {{ ref('int_identifiers_counted') }}
),

counted as (
    select
        attribute as identifier_type,
        value as identifier_value,
        bool_or(is_profile) as is_declared,
        count(distinct record_key) as record_count
    from company_values
    group by attribute, value
),

-- One message with its sides the wrong way round must not take a customer's address away.
company as (
    select
        counted.identifier_type,
        counted.identifier_value,
        counted.is_declared,
        counted.record_count
    from counted
    left join people_values
        on counted.identifier_type = people_values.identifier_type
        and counted.identifier_value = people_values.identifier_value
    where counted.is_declared or (counted.record_count >= 3 and counted.record_count > coalesce(people_values.record_count, 0))
)

select * from company
