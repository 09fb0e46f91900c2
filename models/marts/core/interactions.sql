with

interactions_unioned as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

assigned as (
    select * from {{ ref('int_interaction_customers_assigned') }}
),

answers as (
    select * from {{ ref('int_interaction_answers_found') }}
),

labels as (
    select * from {{ ref('int_interaction_texts_labelled') }}
),

order_numbers as (
    select * from {{ ref('int_order_numbers_resolved') }}
),

campaign_numbers as (
    select * from {{ ref('int_campaign_numbers_resolved') }}
),

described as (
    select
        -- ids
        interactions_unioned.interaction_id,
        assigned.customer_id,
        assigned.conversation_id,
        interactions_unioned.source_name,
        order_numbers.order_id,
        interactions_unioned.order_number,
        interactions_unioned.case_id,
        campaign_numbers.campaign_id,
        interactions_unioned.agent_id,
        interactions_unioned.brand_id,
        interactions_unioned.store_id,
        directed.brand_account_id,
        interactions_unioned.parent_key as parent_interaction_id,

        -- strings
        interactions_unioned.channel,
        interactions_unioned.kind,
        directed.direction,
        interactions_unioned.platform,
        interactions_unioned.venue,
        directed.venue_control,
        interactions_unioned.outcome,
        interactions_unioned.device,
        interactions_unioned.language,
        lower(trim(interactions_unioned.reason)) as topic,
        case when directed.direction = 'inbound' then labels.text_topic end as text_topic,
        answers.intent,
        case when directed.direction = 'inbound' then labels.sentiment end as sentiment,
        case when directed.direction = 'inbound' then labels.labelled_by end as labelled_by,
        interactions_unioned.subject,
        interactions_unioned.body,

        -- numerics
        interactions_unioned.rating,
        interactions_unioned.rating_max,
        interactions_unioned.likes_count,
        interactions_unioned.shares_count,

        -- booleans
        directed.is_public,
        directed.is_conversational,
        interactions_unioned.is_automatic,
        interactions_unioned.is_bulk,
        coalesce(answers.needs_answer, false) as is_answer_needed,
        case when answers.needs_answer then answers.next_answer_at is not null end as is_answered,

        -- timestamps
        interactions_unioned.occurred_at,
        interactions_unioned.ended_at,
        interactions_unioned.promised_at,
        case when answers.needs_answer then answers.next_answer_at end as answered_at
    from interactions_unioned
    inner join directed on interactions_unioned.interaction_id = directed.interaction_id
    inner join assigned on interactions_unioned.interaction_id = assigned.interaction_id
    inner join labels on interactions_unioned.interaction_id = labels.interaction_id
    left join answers on interactions_unioned.interaction_id = answers.interaction_id
    left join order_numbers on interactions_unioned.order_number = order_numbers.order_number
    left join campaign_numbers on interactions_unioned.campaign_number = campaign_numbers.campaign_number
)

select * from described
