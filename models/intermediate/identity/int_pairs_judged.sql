with

compared as (
    select *
    from {{ ref('int_people_compared') }}
),

scored as (
    select *
    from {{ ref('int_pairs_scored') }}
),

totals as (
    select log(2, greatest(count(distinct given_name || '|' || family_name), 1)::numeric) as person_bits
    from compared
),

-- How many clusters bear a name; an initial is no name.
bearers as (
    select
        {{ cercle.name_key('given_name', 'family_name') }} as name_key,
        count(distinct component_key) as bearer_count
    from compared
    group by name_key
),

described as (
    select
        compared.component_key,
        compared.description_key,
        compared.is_known_given_name,
        compared.emails is not null or compared.phones is not null as is_reached,
        coalesce(bearers.bearer_count, 1) as bearer_count
    from compared
    left join bearers on {{ cercle.name_key('compared.given_name', 'compared.family_name') }} = bearers.name_key
),

-- The more people there are, the more of them are alike by chance.
paired as (
    select
        least(lefts.component_key, rights.component_key) as left_key,
        greatest(lefts.component_key, rights.component_key) as right_key,
        scored.match_weight - totals.person_bits as match_weight,
        greatest(lefts.bearer_count, rights.bearer_count) as bearer_count,
        lefts.is_reached and rights.is_reached as are_both_reached,
        scored.given_name_level = 'different'
        or (scored.given_name_level in ('a slip', 'alike') and lefts.is_known_given_name and rights.is_known_given_name) as has_other_given,
        scored.given_name_level in ('same', 'nickname', 'swapped with the family name', 'part of the other') as has_given,
        scored.birth_date_level = 'different' as has_other_birth,
        scored.card_level in ('same', 'a slip')
        and num_nonnulls(
            nullif(scored.given_name_level, 'different'),
            nullif(scored.family_name_level, 'different'),
            case when scored.place_level in ('same address', 'alike address', 'same postcode') then 'here' end
        ) >= case when scored.birth_date_level in ('same', 'a slip') then 1 else 3 end as is_outweighed,
        num_nonnulls(
            nullif(scored.place_level <> 'different', true),
            nullif(scored.email_level <> 'different', true),
            nullif(scored.phone_level <> 'different', true),
            nullif(scored.card_level <> 'different', true)
        ) as difference_count,
        'same' in (scored.birth_date_level, scored.email_level, scored.phone_level, scored.card_level) as has_number,
        scored.place_level in ('same address', 'alike address') as has_address,
        scored.family_name_level = 'different' as has_other_family,
        scored.birth_date_level <> 'different'
        or scored.place_level in ('same address', 'alike address', 'same postcode', 'same town')
        or scored.email_level in ('same', 'a slip')
        or scored.phone_level in ('same', 'a slip')
        or scored.card_level in ('same', 'a slip') as is_supported,
        concat_ws(
            ', ', 'given name ' || scored.given_name_level, 'family name ' || scored.family_name_level,
            'date of birth ' || scored.birth_date_level, 'place: ' || scored.place_level, 'mailbox ' || scored.email_level,
            'number ' || scored.phone_level, 'card ' || scored.card_level
        ) as evidence
    from scored
    cross join totals
    inner join described as lefts on scored.left_description_key = lefts.description_key
    inner join described as rights on scored.right_description_key = rights.description_key
    where lefts.component_key <> rights.component_key
),

-- Of all names that two clusters bear the pair that is most alike speaks for them; any pair may speak against.
judged as (
    select distinct on (left_key, right_key)
        *,
        (
            bool_or(coalesce(has_other_birth, false)) over (partition by left_key, right_key)
            or (
                bool_or(coalesce(has_other_given, false)) over (partition by left_key, right_key)
                and not bool_or(coalesce(has_given, false)) over (partition by left_key, right_key)
            )
        )
        and not bool_or(coalesce(is_outweighed, false)) over (partition by left_key, right_key) as is_anywhere_contradicted
    from paired
    order by left_key, right_key, has_other_family and has_number is not true, match_weight desc, evidence
)

select * from judged
