-- M2. Customers begin the contact, and it happens where the brand has no control: who opened conversations, and inbound contacts by
-- the control of their venue.
with

contacts as (
    select
        coalesce(venue_control, 'not known') as venue_control,
        count(*) as inbound_count,
        count(*) filter (where intent = 'complaint') as complaint_count
    from marts.interactions
    where direction = 'inbound' and not is_automatic
    group by coalesce(venue_control, 'not known')
),

openings as (
    select round(100.0 * count(*) filter (where opened_by = 'customer') / nullif(count(*), 0), 1) as opened_by_customer_percent
    from marts.conversations
)

select
    contacts.venue_control,
    contacts.inbound_count,
    round(100.0 * contacts.inbound_count / sum(contacts.inbound_count) over (), 1) as inbound_percent,
    contacts.complaint_count,
    openings.opened_by_customer_percent
from contacts
cross join openings
order by contacts.inbound_count desc;
