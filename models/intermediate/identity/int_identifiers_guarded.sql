with

counted as (
    select *
    from {{ ref('int_identifiers_counted') }}
),

flagged as (
    select *
    from {{ ref('int_identifiers_flagged') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

judged as (
    select
        counted.*,
        identifier_types.rule,
        identifier_types.score,
        identifier_types.description,
        identifier_types.priority,
        identifier_types.joins,
        identifier_types.people_limit,
        identifier_types.split_limit,
        identifier_types.reference_limit,
        identifier_types.rarity_limit,
        flagged.is_company,
        flagged.is_bad_value,
        flagged.is_role_mailbox,
        flagged.is_blocked,
        -- A session or an order that one record names alone says nothing of who it is.
        identifier_types.is_listed or identifier_types.is_lasting or counted.record_count > 1 as is_telling
    from counted
    inner join identifier_types on counted.identifier_type = identifier_types.identifier_type
    inner join flagged
        on counted.identifier_type = flagged.identifier_type
        and counted.identifier_value = flagged.identifier_value
),

-- own: one person's. shared: a few people's, so it joins only those of one name. The others join nobody.
limited as (
    select
        *,
        case
            when is_blocked then 'blocked'
            when is_bad_value then 'bad'
            when is_company then 'company'
            when people_count > split_limit then 'crowded'
            when people_count = 0 and reference_count > reference_limit then 'crowded'
            when name_postcode_count > rarity_limit then 'common'
            when people_count > people_limit or is_role_mailbox or is_fixed_line or joins = 'with_name' then 'shared'
            else 'own'
        end as sharing
    from judged
),

guarded as (
    select
        identifier_type,
        identifier_value,
        identifier_key,
        sharing,
        case when sharing = 'shared' then rule || '_and_name' else rule end as rule,
        case sharing
            -- Not on how many records: each new one would change every link of the value. customer_identifiers counts them.
            when 'own' then format('same %s', description)
            when 'shared' then format('same %s, which %s people use, and the same name', description, people_count)
        end as evidence,
        case when sharing = 'shared' then score - 0.05 else score end as score,
        priority,
        people_count,
        reference_count,
        record_count,
        source_count,
        is_role_mailbox,
        is_telling,
        last_seen_at
    from limited
)

select * from guarded
