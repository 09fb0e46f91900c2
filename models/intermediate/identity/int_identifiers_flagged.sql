with

counted as (
    select *
    from {{ ref('int_identifiers_counted') }}
),

bad_values as (
    select *
    from {{ ref('identity_bad_values') }}
),

role_mailboxes as (
    select *
    from {{ ref('identity_role_mailboxes') }}
),

company as (
    select *
    from {{ ref('int_identifiers_company') }}
),

blocks as (
    select
        identifier_type,
        identifier_value
    from {{ ref('int_overrides_standing') }}
    where action = 'block'
),

matching_mailboxes as (
    select distinct counted.identifier_value
    from counted
    inner join role_mailboxes
        on starts_with(counted.identifier_value, role_mailboxes.local_part || case when role_mailboxes.is_prefix then '' else '@' end)
    where counted.identifier_type = 'email'
),

matching_patterns as (
    select distinct
        counted.identifier_type,
        counted.identifier_value
    from counted
    inner join bad_values on counted.identifier_type = bad_values.identifier_type
    where counted.identifier_value ~ bad_values.pattern
),

blocked as (
    select distinct
        counted.identifier_type,
        counted.identifier_value
    from counted
    inner join blocks
        on counted.identifier_type = blocks.identifier_type
        and (counted.identifier_value = blocks.identifier_value or counted.identifier_key = blocks.identifier_value)
),

flagged as (
    select
        counted.identifier_type,
        counted.identifier_value,
        company.identifier_value is not null as is_company,
        counted.is_bad or matching_patterns.identifier_value is not null as is_bad_value,
        counted.is_role or matching_mailboxes.identifier_value is not null as is_role_mailbox,
        blocked.identifier_value is not null as is_blocked
    from counted
    left join matching_patterns
        on counted.identifier_type = matching_patterns.identifier_type
        and counted.identifier_value = matching_patterns.identifier_value
    left join matching_mailboxes
        on counted.identifier_type = 'email'
        and counted.identifier_value = matching_mailboxes.identifier_value
    left join blocked
        on counted.identifier_type = blocked.identifier_type
        and counted.identifier_value = blocked.identifier_value
    left join company
        on counted.identifier_type = company.identifier_type
        and counted.identifier_value = company.identifier_value
)

select * from flagged
