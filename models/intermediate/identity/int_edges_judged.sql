with

observed as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

guarded as (
    select *
    from {{ ref('int_identifiers_guarded') }}
),

people as (
    select *
    from {{ ref('int_people_named') }}
),

people_grouped as (
    select *
    from {{ ref('int_people_grouped') }}
),

corroborated as (
    select *
    from {{ ref('int_records_corroborated') }}
),

judged as (
    select
        observed.record_key,
        observed.identifier_type,
        observed.identifier_value,
        observed.identifier_key,
        guarded.sharing,
        guarded.priority,
        guarded.is_role_mailbox,
        observed.last_seen_at as observed_at,
        case
            when guarded.sharing = 'own' then observed.identifier_type || ':' || observed.identifier_value
            when guarded.sharing = 'shared'
                then observed.identifier_type || ':' || observed.identifier_value || '|'
                    || coalesce(people_grouped.leader_key, corroborated.leader_key)
        end as node_key
    from observed
    inner join guarded
        on observed.identifier_type = guarded.identifier_type
        and observed.identifier_value = guarded.identifier_value
    left join people
        on guarded.sharing = 'shared'
        and observed.record_key = people.record_key
    left join people_grouped
        on guarded.sharing = 'shared'
        and people.person_key = people_grouped.person_key
        and observed.identifier_type || ':' || observed.identifier_value = people_grouped.scope
    left join corroborated
        on guarded.sharing = 'shared'
        and observed.record_key = corroborated.record_key
        and observed.identifier_type || ':' || observed.identifier_value = corroborated.scope
    where guarded.is_telling
),

reasoned as (
    select
        *,
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

select * from reasoned
