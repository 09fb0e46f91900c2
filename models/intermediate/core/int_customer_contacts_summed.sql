with

inbound_contacts as (
    select * from {{ ref('int_inbound_contacts_listed') }}
),

conversations as (
    select * from {{ ref('int_conversations_summarised') }}
),

turns as (
    select * from {{ ref('int_conversation_turns') }}
),

channel_preferences as (
    select * from {{ ref('int_channel_preferences_ranked') }}
),

contacts as (
    select
        customer_id,
        count(*) as contact_count,
        count(*) filter (where intent = 'complaint') as complaint_count,
        max(occurred_at) as last_contact_at
    from inbound_contacts
    where customer_id is not null
    group by customer_id
),

open_conversations as (
    select
        conversations.customer_id,
        count(distinct conversations.conversation_id) as open_conversation_count
    from conversations
    inner join turns on conversations.conversation_id = turns.conversation_id
    where conversations.customer_id is not null and turns.answered_at is null
    group by conversations.customer_id
),

preferences as (
    select
        customer_id,
        channel as preferred_channel,
        preference_basis as preferred_channel_basis
    from channel_preferences
    where is_preferred
),

customers as (
    select customer_id from contacts
    union
    select customer_id from open_conversations
    union
    select customer_id from preferences
),

summed as (
    select
        customers.customer_id,
        coalesce(contacts.contact_count, 0) as contact_count,
        coalesce(contacts.complaint_count, 0) as complaint_count,
        contacts.last_contact_at,
        coalesce(open_conversations.open_conversation_count, 0) as open_conversation_count,
        preferences.preferred_channel,
        preferences.preferred_channel_basis
    from customers
    left join contacts on customers.customer_id = contacts.customer_id
    left join open_conversations on customers.customer_id = open_conversations.customer_id
    left join preferences on customers.customer_id = preferences.customer_id
)

select * from summed
