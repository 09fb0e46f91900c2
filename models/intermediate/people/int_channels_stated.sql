-- The channel that a customer said to prefer, in a register or in a survey: the last word counts, ties by record key.
with

customers as (
    {{ cercle.union_inputs('customers') }}
),

survey_answers as (
    {{ cercle.union_inputs('survey_answers') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

statements as (
    select
        record_key,
        lower(trim(preferred_channel)) as channel,
        updated_at as stated_at
    from customers
    where trim(preferred_channel) <> ''
    union all
    select
        record_key,
        lower(trim(answer_text)) as channel,
        answered_at as stated_at
    from survey_answers
    where question_key = 'preferred_channel' and trim(answer_text) <> ''
),

stated as (
    select distinct on (record_customers.customer_id)
        record_customers.customer_id,
        statements.channel,
        statements.stated_at
    from statements
    inner join record_customers on statements.record_key = record_customers.record_key
    order by record_customers.customer_id, statements.stated_at desc, statements.record_key
)

select * from stated
