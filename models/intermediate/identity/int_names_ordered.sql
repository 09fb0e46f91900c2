with

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

known_names as (
    select given_name
    from {{ ref('identity_given_names') }}
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
)

select * from ordered
