-- M1. Social is one more channel of the relationship: inbound contacts by channel in one table, and the share of voices on networks that
-- could be linked to a customer or prospect. People of whom nothing but an account is known stand apart.
select
    interactions.channel,
    count(*) as contact_count,
    count(*) filter (where customer_360.relationship = 'customer') as customer_contact_count,
    count(*) filter (where customer_360.relationship = 'prospect') as prospect_contact_count,
    count(*) filter (where customer_360.relationship = 'unknown') as unknown_contact_count,
    count(*) filter (where interactions.customer_id is null) as unlinked_contact_count,
    round(
        100.0 * count(*) filter (where customer_360.relationship in ('customer', 'prospect')) / count(*), 1
    ) as linked_percent
from marts.interactions
left join marts.customer_360 on interactions.customer_id = customer_360.customer_id
where interactions.direction = 'inbound' and not interactions.is_automatic
group by interactions.channel
order by contact_count desc;
