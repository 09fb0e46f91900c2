with

alike as (
    select *
    from {{ ref('int_clusters_alike') }}
),

compared as (
    select
        people_compared.component_key,
        people_compared.given_name,
        people_compared.family_name,
        string_to_array(people_compared.formal_names, '|') as formal_names,
        people_compared.is_known_given_name,
        string_to_array(people_compared.cards, '|') as cards,
        dates.birth_date::date as birth_date
    from {{ ref('int_people_compared') }} as people_compared
    left join lateral string_to_table(people_compared.birth_dates, '|') as dates (birth_date) on true
),

clusters as (
    select *
    from {{ ref('int_clusters_settled') }}
),

unlinks as (
    select
        left_record,
        right_record
    from {{ ref('int_overrides_standing') }}
    where action = 'unlink'
),

named as (
    select
        alike.group_key,
        compared.*
    from alike
    inner join compared on alike.component_key = compared.component_key
),

-- Two known given names, unless one is the other's family name; or two dates of birth. Not all pairs of a group were scored.
contradicted as (
    select lefts.group_key
    from named as lefts
    inner join named as rights on lefts.group_key = rights.group_key and lefts.component_key < rights.component_key
    group by lefts.group_key, lefts.component_key, rights.component_key
    having
        (
            bool_and({{ cercle.birth_dates_differ('lefts', 'rights') }})
            or bool_and(
                lefts.is_known_given_name
                and rights.is_known_given_name
                and {{ cercle.given_names_differ('lefts', 'rights') }}
                and (lefts.given_name = rights.family_name and lefts.family_name = rights.given_name) is not true
            )
        )
        and bool_or(lefts.cards && rights.cards) is not true
),

unlinked as (
    select
        coalesce(lefts.component_key, unlinks.left_record) as left_key,
        coalesce(rights.component_key, unlinks.right_record) as right_key
    from unlinks
    left join clusters as lefts on unlinks.left_record = lefts.record_key
    left join clusters as rights on unlinks.right_record = rights.record_key
),

-- Clusters that are alike in a chain must also be able to be one: where two of them cannot, none of the group are.
contested as (
    select lefts.group_key
    from unlinked
    inner join alike as lefts on unlinked.left_key = lefts.component_key
    inner join alike as rights on unlinked.right_key = rights.component_key and lefts.group_key = rights.group_key
    union
    select group_key
    from contradicted
    union
    select group_key
    from alike
    group by group_key
    having count(*) > {{ var('cercle_matching').most_clusters }}
),

matched as (
    select
        alike.component_key,
        alike.group_key as matched_key
    from alike
    left join contested on alike.group_key = contested.group_key
    where contested.group_key is null
)

select * from matched
