-- A word that no reply, thread, case or order joins to an earlier one goes to the customer's matter before it, where that is still at hand:
-- the company's own word answers it (answer), a call or a complaint in public asks again for what was written in private and waits (chase),
-- a second visit to the service desk goes on with the first (return), a request to be called back is the message that made it within an hour
-- (request), a machine's word within an hour receives it (receipt). Two words that name different orders, cases or topics are two matters.
with

words as (
    select * from {{ ref('int_service_words_listed') }}
),

judged as (
    select
        words.interaction_id,
        earlier.interaction_id as earlier_interaction_id,
        case
            when words.occurred_at - earlier.occurred_at <= interval '1 hour' and words.is_automatic and earlier.is_waiting then 'receipt'
            when words.is_automatic then null
            when words.occurred_at - earlier.occurred_at <= interval '1 hour'
                and (words.kind = 'callback') <> (earlier.kind = 'callback')
                and words.direction = earlier.direction then 'request'
            when words.direction = 'outbound' and earlier.direction = 'inbound' then 'answer'
            when words.direction = 'inbound' and earlier.is_waiting and (words.channel = 'phone' or words.is_public) then 'chase'
            when words.kind = 'desk' and earlier.kind = 'desk' then 'return'
        end as rule,
        words.occurred_at - earlier.occurred_at as gap
    from words
    inner join words as earlier
        on words.customer_id = earlier.customer_id
        and words.spoken_before_count = earlier.spoken_before_count + 1
        and not earlier.is_automatic
    where not words.is_joined
        and coalesce(words.order_number = earlier.order_number, true)
        and coalesce(words.case_id = earlier.case_id, true)
        and coalesce(words.topic = earlier.topic, true)
),

found as (
    select
        interaction_id,
        earlier_interaction_id,
        rule
    from judged
    where gap <= {{ var('cercle_open_issue_days')['answer'] }} * interval '1 day'
        and (rule = 'answer' or gap <= {{ var('cercle_open_issue_days')['chase'] }} * interval '1 day')
        and rule is not null
),

listed as (
    select
        interaction_id,
        'issue:' || earlier_interaction_id as thread_key,
        rule
    from found
    union distinct
    select
        earlier_interaction_id as interaction_id,
        'issue:' || earlier_interaction_id as thread_key,
        rule
    from found
)

select * from listed
