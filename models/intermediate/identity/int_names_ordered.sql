with

identity_records as (
    select *
    from {{ ref('int_identity_records') }}
),

known_names as (
    select given_name
    from {{ ref('identity_given_names') }}
),

-- Emm, Emma: how a display name shortens a given name.
short_names as (
    select distinct left(known_names.given_name, lengths.length) as short_name
    from known_names
    inner join generate_series(3, 5) as lengths (length) on length(known_names.given_name) > lengths.length
    where lengths.length > 2
),

written as (
    select
        *,
        -- the number behind a display name (emma54, emma 54) is no part of the name
        rtrim(full_name, ' 0123456789') as written_name
    from identity_records
),

-- A display name is taken apart only where its first or last word is a known given name, or its first word the beginning of one: it may
-- be anything. Whoever writes a name in one piece into a form has one.
words as (
    select
        record_key,
        is_profile,
        occurred_at,
        birth_date,
        given_name,
        family_name,
        given_name is not null or family_name is not null as is_structured,
        split_part(written_name, ' ', 1) as first_word,
        case when strpos(written_name, ' ') > 0 then substr(written_name, strpos(written_name, ' ') + 1) end as all_but_first,
        case when strpos(written_name, ' ') > 0 then (regexp_match(written_name, '([^ ]+)$'))[1] end as last_word,
        substr(written_name, 1, length(written_name) - strpos(reverse(written_name), ' ')) as all_but_last
    from written
    where given_name is not null or family_name is not null or birth_date is not null or written_name <> ''
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
            when short_names.short_name is not null or (words.all_but_first is not null and not words.is_profile) then words.first_word
        end as given_name,
        case
            when words.is_structured then words.family_name
            when first_known.given_name is not null then words.all_but_first
            when last_known.given_name is not null then words.all_but_last
            when short_names.short_name is not null or not words.is_profile then words.all_but_first
        end as family_name
    from words
    left join known_names as first_known on words.first_word = first_known.given_name
    left join known_names as last_known on words.last_word = last_known.given_name
    left join short_names on words.first_word = short_names.short_name and length(words.all_but_first) > 2
)

select * from ordered
