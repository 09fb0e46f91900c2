-- Replies of other customers to what a customer wrote in public: evidence that others listen. It carries no money.
with

interactions as (
    select * from {{ ref('int_interactions_unioned') }}
),

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

assigned as (
    select * from {{ ref('int_interaction_customers_assigned') }}
),

public_posts as (
    select
        interactions.interaction_id,
        interactions.parent_key,
        assigned.customer_id,
        directed.occurred_at
    from interactions
    inner join directed on interactions.interaction_id = directed.interaction_id
    inner join assigned on interactions.interaction_id = assigned.interaction_id
    where directed.is_public
        and directed.direction = 'inbound'
        and assigned.customer_id is not null
),

counted as (
    select
        parents.customer_id,
        {{ cercle.month_end('replies.occurred_at') }} as month_end_at,
        count(*) as reply_count
    from public_posts as replies
    inner join public_posts as parents on replies.parent_key = parents.interaction_id
    where replies.customer_id <> parents.customer_id
    group by parents.customer_id, {{ cercle.month_end('replies.occurred_at') }}
)

select * from counted
