with

alike as (
    select *
    from {{ ref('int_clusters_alike') }}
),

contradicted as (
    select
        left_key,
        right_key
    from {{ ref('int_pairs_judged') }}
    where is_anywhere_contradicted
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

kept_apart as (
    select
        left_key,
        right_key
    from contradicted
    union all
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
    from kept_apart
    inner join alike as lefts on kept_apart.left_key = lefts.component_key
    inner join alike as rights on kept_apart.right_key = rights.component_key and lefts.group_key = rights.group_key
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
