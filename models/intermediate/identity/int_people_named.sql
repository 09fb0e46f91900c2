with

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

known_names as (
    select given_name
    from {{ ref('identity_given_names') }}
),

identifiers as (
    select *
    from {{ ref('int_identifiers_observed') }}
),

identifier_types as (
    select *
    from {{ ref('identity_identifier_types') }}
),

-- A name in one piece is taken apart only where its first or last word is a known given name: display names may be anything.
words as (
    select
        record_key,
        is_profile,
        occurred_at,
        birth_date,
        given_name,
        family_name,
        given_name is not null or family_name is not null as is_structured,
        split_part(full_name, ' ', 1) as first_word,
        substr(full_name, strpos(full_name, ' ') + 1) as all_but_first,
        (regexp_match(full_name, '([^ ]+)$'))[1] as last_word,
        substr(full_name, 1, length(full_name) - strpos(reverse(full_name), ' ')) as all_but_last
    from identity_records
    where given_name is not null or family_name is not null or birth_date is not null or strpos(full_name, ' ') > 0
),

ordered as (
    select
        words.record_key,
        words.is_profile,
        words.is_structured,
        words.occurred_at,
        words.birth_date,
        case
            when words.is_structured then words.given_name
            when first_known.given_name is not null then words.first_word
            when last_known.given_name is not null then words.last_word
        end as given_name,
        case
            when words.is_structured then words.family_name
            when first_known.given_name is not null then words.all_but_first
            when last_known.given_name is not null then words.all_but_last
        end as family_name
    from words
    left join known_names as first_known on words.first_word = first_known.given_name
    left join known_names as last_known on words.last_word = last_known.given_name
),

-- Whom a register names under a number that stands for one person.
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
        and identifiers.identifier_type in ('customer_ref', 'loyalty_id')
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
),

own as (
    select ordered.*
    from ordered
    left join quoted on ordered.record_key = quoted.record_key
    where quoted.record_key is null or (ordered.is_profile and ordered.is_structured and length(ordered.given_name) > 1)
),

borrowed as (
    select
        quoted.record_key,
        ordered.given_name,
        ordered.family_name,
        ordered.birth_date
    from quoted
    inner join ordered on quoted.registered_record_key = ordered.record_key
    left join own on quoted.record_key = own.record_key
    where own.record_key is null
),

people as (
    select
        record_key,
        given_name,
        family_name,
        birth_date,
        is_structured,
        false as is_borrowed
    from own
    union all
    select
        record_key,
        given_name,
        family_name,
        birth_date,
        true as is_structured,
        true as is_borrowed
    from borrowed
),

named as (
    select
        people.record_key,
        concat(people.given_name, '|', people.family_name, '|', people.birth_date) as person_key,
        people.given_name,
        people.family_name,
        people.birth_date,
        people.is_structured,
        people.is_borrowed,
        known_names.given_name is not null as is_known_given_name
    from people
    left join known_names on split_part(people.given_name, ' ', 1) = known_names.given_name
)

select * from named
