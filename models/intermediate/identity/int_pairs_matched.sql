with

judged as (
    select *
    from {{ ref('int_pairs_judged') }}
    where not is_anywhere_contradicted
),

-- A name alone is little: it joins only where few have it. Two that can both be reached are as likely two people, less so where
-- nobody else has the name; and two of whom nearly all is known, and differs, are.
candidates as (
    select *
    from judged
    where
        match_weight >= {{ var('cercle_matching').weight }}
        + case when are_both_reached then {{ var('cercle_matching').weight_if_both_reached }} else 0 end
        / case when bearer_count <= 2 then 2.0 else 1.0 end
        + case
            when difference_count > 2 or (difference_count > 1 and (has_number or has_place) is not true)
                then {{ var('cercle_matching').weight_if_apart }}
            else 0
        end
        and (is_supported is true or bearer_count <= {{ var('cercle_matching').most_bearers }})
        and (has_other_family is not true or has_number is true)
),

directed as (
    select
        left_key as one_key,
        right_key as other_key,
        match_weight
    from judged
    union all
    select
        right_key as one_key,
        left_key as other_key,
        match_weight
    from judged
),

-- A third that is about as like one of the two and is not like the other: which of them is meant cannot be told.
rivalled as (
    select distinct
        candidates.left_key,
        candidates.right_key
    from candidates
    cross join
        lateral (
            values (candidates.left_key, candidates.right_key), (candidates.right_key, candidates.left_key)
        ) as sides (one_key, other_key)
    inner join directed as thirds
        on sides.one_key = thirds.one_key
        and sides.other_key <> thirds.other_key
        and thirds.match_weight >= candidates.match_weight - {{ var('cercle_matching').margin }}
    left join directed as closings
        on sides.other_key = closings.one_key
        and thirds.other_key = closings.other_key
        and closings.match_weight >= 0
    where closings.one_key is null
),

matched as (
    select
        candidates.left_key,
        candidates.right_key,
        candidates.match_weight,
        candidates.evidence
    from candidates
    left join rivalled
        on candidates.left_key = rivalled.left_key
        and candidates.right_key = rivalled.right_key
    where rivalled.left_key is null
)

select * from matched
