-- M24. The company's own accounts by purpose and network: contacts that address them or stand below their posts (reactions apart), what
-- they wrote in answer, and the customers among these voices who ordered within 30 days.
with

words as (
    select
        interactions.brand_account_id,
        interactions.customer_id,
        interactions.occurred_at,
        interactions.direction = 'outbound' and interactions.parent_interaction_id is not null as is_answer,
        interactions.direction = 'inbound' and interactions.kind <> 'reaction' as is_contact
    from marts.interactions
    where interactions.brand_account_id is not null
),

buyers as (
    select distinct
        words.brand_account_id,
        words.customer_id
    from words
    inner join marts.orders
        on words.customer_id = orders.customer_id
        and orders.status = 'completed'
        and words.occurred_at < orders.ordered_at
        and orders.ordered_at <= words.occurred_at + interval '30 days'
    where words.is_contact
),

buyers_counted as (
    select
        brand_account_id,
        count(*) as buyer_count
    from buyers
    group by brand_account_id
),

words_counted as (
    select
        brand_account_id,
        count(*) filter (where is_contact) as contact_count,
        count(*) filter (where is_answer) as answer_count,
        count(distinct customer_id) filter (where is_contact) as customer_count
    from words
    group by brand_account_id
)

select
    brand_accounts.account_purpose,
    brand_accounts.platform,
    count(*) as account_count,
    coalesce(sum(words_counted.contact_count), 0) as contact_count,
    coalesce(sum(words_counted.answer_count), 0) as answer_count,
    coalesce(sum(words_counted.customer_count), 0) as account_customer_count,
    coalesce(sum(buyers_counted.buyer_count), 0) as account_buyer_count
from marts.brand_accounts
left join words_counted on brand_accounts.brand_account_id = words_counted.brand_account_id
left join buyers_counted on brand_accounts.brand_account_id = buyers_counted.brand_account_id
group by brand_accounts.account_purpose, brand_accounts.platform
order by contact_count desc, brand_accounts.account_purpose, brand_accounts.platform;
