with

counted as (
    select *
    from {{ ref('int_identifiers_counted') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
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
    from {{ source('identity', 'overrides') }}
    where action = 'block' and {{ cercle.is_override_valid() }}
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

judged as (
    select
        counted.*,
        identifier_types.joins,
        identifier_types.people_limit,
        identifier_types.split_limit,
        identifier_types.reference_limit,
        identifier_types.rarity_limit,
        company.identifier_value is not null as is_company,
        counted.is_bad or matching_patterns.identifier_value is not null as is_bad_value,
        counted.is_role or matching_mailboxes.identifier_value is not null as is_role_mailbox,
        exists (
            select 1
            from blocks
            where
                blocks.identifier_type = counted.identifier_type
                and blocks.identifier_value in (counted.identifier_value, counted.identifier_key)
        ) as is_blocked
    from counted
    inner join identifier_types on counted.identifier_type = identifier_types.identifier_type
    left join matching_patterns
        on counted.identifier_type = matching_patterns.identifier_type
        and counted.identifier_value = matching_patterns.identifier_value
    left join matching_mailboxes
        on counted.identifier_type = 'email'
        and counted.identifier_value = matching_mailboxes.identifier_value
    left join company
        on counted.identifier_type = company.identifier_type
        and counted.identifier_value = company.identifier_value
),

-- own: one person's. shared: a few people's, so it joins only those of one name. The others join nobody.
guarded as (
    select
        identifier_type,
        identifier_value,
        identifier_key,
        case
            when is_blocked then 'blocked'
            when is_bad_value then 'bad'
            when is_company then 'company'
            when people_count > split_limit then 'crowded'
            when people_count = 0 and reference_count > reference_limit then 'crowded'
            when name_postcode_count > rarity_limit or (rarity_limit is not null and (name_birth_date_count > 1 or address_count > 1)) then 'common'
            when people_count > people_limit or is_role_mailbox or joins = 'with_name' then 'shared'
            else 'own'
        end as sharing,
        people_count,
        reference_count,
        record_count,
        source_count,
        is_role_mailbox,
        last_seen_at
    from judged
)

select * from guarded
