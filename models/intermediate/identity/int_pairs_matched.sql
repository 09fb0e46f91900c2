with

judged as (
    select *
    from {{ ref('int_pairs_judged') }}
    where not is_anywhere_contradicted
),

-- A name alone is little: it joins only where few have it, and better where nobody else does. Two that can both be reached are as
-- likely two people, less so where nothing that is known of them differs; and two of whom nearly all is known, and differs, are.
candidates as (
    select *
    from judged
    where
        match_weight >= {{ var('cercle_matching').weight }}
        + case when are_both_reached then {{ var('cercle_matching').weight_if_both_reached }} else 0 end
        / case when bearer_count <= 2 and difference_count = 0 then 2.0 else 1.0 end
        + case when bearer_count > 2 and not are_both_reached then {{ var('cercle_matching').weight_if_borne }} else 0 end
        + case
            when difference_count > 2 or (difference_count > 1 and (has_number or has_address) is not true)
                then {{ var('cercle_matching').weight_if_apart }}
            else 0
        end
        and (is_supported is true or bearer_count <= {{ var('cercle_matching').most_bearers }})
        and (has_other_family is not true or has_number is true)
),

directed as (
    select
        sides.one_key,
        sides.other_key,
        judged.match_weight,
        candidates.left_key is not null as is_candidate
    from judged
    left join candidates on judged.left_key = candidates.left_key and judged.right_key = candidates.right_key
    cross join
        lateral (values (judged.left_key, judged.right_key), (judged.right_key, judged.left_key)) as sides (one_key, other_key)
),

-- A third that is about as like one of the two, and is not the other one's match: which of them is meant cannot be told.
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
        and closings.is_candidate
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
