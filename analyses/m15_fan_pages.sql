-- M15. Engagement, not fans: per account of the company what people do below its posts, how many people, and the ambassadors among them (at
-- least three words of other people answer theirs, none of their own complains) and detractors (at least two complaints in public). Followers
-- stand beside for scale. Answers of people to each other count for the account whose post they stand below.
with

own_posts as (
    select
        brand_account_id,
        count(*) as post_count
    from marts.interactions
    where brand_account_id is not null and direction = 'outbound' and kind = 'post'
    group by brand_account_id
),

direct_words as (
    select
        interaction_id,
        brand_account_id,
        customer_id,
        kind
    from marts.interactions
    where brand_account_id is not null and direction = 'inbound' and is_public
),

echoes as (
    select
        replies.interaction_id,
        direct_words.brand_account_id,
        replies.customer_id,
        'echo' as kind
    from marts.interactions as replies
    inner join direct_words on replies.parent_interaction_id = direct_words.interaction_id
    where replies.direction = 'inbound'
),

words as (
    select * from direct_words
    union all
    select * from echoes
),

complaints as (
    select
        customer_id,
        count(*) as complaint_count
    from marts.interactions
    where is_public and direction = 'inbound' and intent = 'complaint' and customer_id is not null
    group by customer_id
),

people as (
    select
        words.brand_account_id,
        words.customer_id,
        coalesce(max(customer_influence.reply_received_count), 0) >= 3
        and coalesce(max(complaints.complaint_count), 0) = 0 as is_ambassador,
        coalesce(max(complaints.complaint_count), 0) >= 2 as is_detractor
    from words
    left join marts.customer_influence on words.customer_id = customer_influence.customer_id and customer_influence.is_current
    left join complaints on words.customer_id = complaints.customer_id
    where words.customer_id is not null
    group by words.brand_account_id, words.customer_id
),

people_counted as (
    select
        brand_account_id,
        count(*) as person_count,
        count(*) filter (where is_ambassador) as ambassador_count,
        count(*) filter (where is_detractor) as detractor_count
    from people
    group by brand_account_id
),

words_counted as (
    select
        brand_account_id,
        count(*) filter (where kind = 'reaction') as reaction_count,
        count(*) filter (where kind not in ('reaction', 'echo')) as comment_count,
        count(*) filter (where kind = 'echo') as echo_count
    from words
    group by brand_account_id
),

followers as (
    select distinct on (brand_account_id)
        brand_account_id,
        followers_count
    from marts.page_daily
    order by brand_account_id, day_date desc
)

select
    brand_accounts.brand_account_id,
    brand_accounts.platform,
    brand_accounts.brand_id,
    followers.followers_count,
    coalesce(own_posts.post_count, 0) as post_count,
    coalesce(words_counted.reaction_count, 0) as reaction_count,
    coalesce(words_counted.comment_count, 0) as comment_count,
    coalesce(words_counted.echo_count, 0) as echo_count,
    coalesce(people_counted.person_count, 0) as person_count,
    coalesce(people_counted.ambassador_count, 0) as ambassador_count,
    coalesce(people_counted.detractor_count, 0) as detractor_count
from marts.brand_accounts
left join own_posts on brand_accounts.brand_account_id = own_posts.brand_account_id
left join words_counted on brand_accounts.brand_account_id = words_counted.brand_account_id
left join people_counted on brand_accounts.brand_account_id = people_counted.brand_account_id
left join followers on brand_accounts.brand_account_id = followers.brand_account_id
order by person_count desc, brand_accounts.brand_account_id;
