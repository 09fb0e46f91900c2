with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

guarded as (
    select *
    from {{ ref('int_identifiers_guarded') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

people_grouped as (
    select *
    from {{ ref('int_people_grouped') }}
),

judged as (
    select
        observed.record_key,
        observed.identifier_type,
        observed.identifier_key,
        identifier_types.rule,
        identifier_types.priority,
        identifier_types.score,
        identifier_types.description,
        identifier_types.yields_to_contacts,
        guarded.sharing,
        guarded.people_count,
        guarded.record_count,
        guarded.source_count,
        guarded.is_role_mailbox,
        observed.last_seen_at as observed_at,
        case
            when guarded.sharing = 'own' then observed.identifier_type || ':' || observed.identifier_value
            when guarded.sharing = 'shared'
                then observed.identifier_type || ':' || observed.identifier_value || '|' || people_grouped.leader_key
        end as node_key
    from observed
    inner join guarded
        on observed.identifier_type = guarded.identifier_type
        and observed.identifier_value = guarded.identifier_value
    inner join identifier_types on observed.identifier_type = identifier_types.identifier_type
    left join people on observed.record_key = people.record_key
    left join people_grouped
        on guarded.sharing = 'shared'
        and people.person_key = people_grouped.person_key
        and observed.identifier_type || ':' || observed.identifier_value = people_grouped.scope
    -- A session or an order that one record names alone says nothing of who it is.
    where identifier_types.is_listed or identifier_types.is_lasting or guarded.record_count > 1
),

explained as (
    select
        record_key,
        node_key,
        identifier_type,
        identifier_key,
        case when sharing = 'shared' then rule || '_and_name' else rule end as rule,
        sharing,
        people_count,
        is_role_mailbox,
        yields_to_contacts,
        priority,
        case when sharing = 'shared' then score - 0.05 else score end as score,
        case sharing
            when 'own' then format('same %s, on %s records of %s sources', description, record_count, source_count)
            when 'shared' then format('same %s, which %s people use, and the same name', description, people_count)
        end as evidence,
        observed_at,
        case
            when node_key is not null then null
            when sharing = 'shared' then 'shared_by_people_of_other_names'
            when sharing = 'crowded' then 'used_by_too_many_people'
            when sharing = 'common' then 'name_too_common'
            when sharing = 'bad' then 'bad_value'
            when sharing = 'company' then 'belongs_to_the_company'
            when sharing = 'blocked' then 'blocked_by_steward'
        end as set_aside_reason
    from judged
)

select * from explained
