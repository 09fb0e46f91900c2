-- An interaction is its record's customer's. What a brand account writes is the addressed account's, else its record's where the source
-- says who wrote, else the conversation's.
with

directed as (
    select * from {{ ref('int_interactions_directed') }}
),

record_customers as (
    select * from {{ ref('int_record_customers') }}
),

conversation_ids as (
    select * from {{ ref('int_conversation_ids_versioned') }}
),

records as (
    select
        directed.interaction_id,
        directed.direction,
        directed.occurred_at,
        conversation_ids.id as conversation_id,
        case when directed.is_direction_stated then directed.interaction_id end as record_key,
        case
            when directed.channel = 'social' and directed.direction = 'outbound'
                then 'accounts:' || directed.source_name || ':' || directed.party_ref
        end as account_record_key
    from directed
    left join conversation_ids on directed.interaction_id = conversation_ids.member_key
),

named as (
    select
        records.interaction_id,
        records.conversation_id,
        records.direction,
        records.occurred_at,
        coalesce(account_customers.customer_id, record_customers.customer_id) as customer_id
    from records
    left join record_customers on records.record_key = record_customers.record_key
    left join record_customers as account_customers on records.account_record_key = account_customers.record_key
),

-- The first person in a conversation is the one whom it is about; others may join it by a case number.
conversation_customers as (
    select distinct on (conversation_id)
        conversation_id,
        customer_id
    from named
    where conversation_id is not null and customer_id is not null
    order by conversation_id, occurred_at, interaction_id
),

assigned as (
    select
        named.interaction_id,
        named.conversation_id,
        coalesce(
            named.customer_id,
            case when named.direction = 'outbound' then conversation_customers.customer_id end
        ) as customer_id,
        conversation_customers.customer_id as conversation_customer_id
    from named
    left join conversation_customers on named.conversation_id = conversation_customers.conversation_id
)

select * from assigned
