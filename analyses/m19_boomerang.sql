-- M19. Customers and prospects who said something good in public, something bad, or both: by stars (four fifths and more, two fifths and
-- less), and by stars or words together. The published shares are of all people online.
with

voices as (
    select
        customer_id,
        bool_or(rating >= 0.8 * rating_max) as has_good_stars,
        bool_or(rating <= 0.4 * rating_max) as has_bad_stars,
        bool_or(rating >= 0.8 * rating_max or sentiment = 'positive') as has_good_word,
        bool_or(rating <= 0.4 * rating_max or sentiment = 'negative' or intent = 'complaint') as has_bad_word
    from marts.interactions
    where is_public and direction = 'inbound' and kind <> 'reaction' and customer_id is not null
    group by customer_id
),

people as (
    select
        customer_360.customer_id,
        coalesce(voices.has_good_stars, false) as has_good_stars,
        coalesce(voices.has_bad_stars, false) as has_bad_stars,
        coalesce(voices.has_good_word, false) as has_good_word,
        coalesce(voices.has_bad_word, false) as has_bad_word
    from marts.customer_360
    left join voices on customer_360.customer_id = voices.customer_id
    where customer_360.relationship <> 'unknown'
),

counted as (
    select
        'stars' as evidence,
        count(*) as customer_count,
        count(*) filter (where has_good_stars) as good_count,
        count(*) filter (where has_bad_stars) as bad_count,
        count(*) filter (where has_good_stars and has_bad_stars) as both_count
    from people
    union all
    select
        'stars or words' as evidence,
        count(*) as customer_count,
        count(*) filter (where has_good_word) as good_count,
        count(*) filter (where has_bad_word) as bad_count,
        count(*) filter (where has_good_word and has_bad_word) as both_count
    from people
)

select
    counted.*,
    round(100.0 * counted.good_count / nullif(counted.customer_count, 0), 1) as good_percent,
    round(100.0 * counted.bad_count / nullif(counted.customer_count, 0), 1) as bad_percent,
    good.published_figure as published_good_percent,
    bad.published_figure as published_bad_percent
from counted
left join marts.market_comparison as good on good.figure_key = 'm19_share_good'
left join marts.market_comparison as bad on bad.figure_key = 'm19_share_bad'
order by counted.evidence;
