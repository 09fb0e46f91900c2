-- M16. Who may be contacted on which channel for which purpose is one query: customers with at least one contact point that may be used,
-- and the share who refused, withdrew or objected, by generation.
select
    contactability.channel,
    contactability.purpose,
    customer_360.generation,
    count(distinct contactability.customer_id) as customer_count,
    count(distinct contactability.customer_id) filter (where contactability.decision = 'ALLOW') as allowed_count,
    round(
        100.0 * count(distinct contactability.customer_id) filter (
            where contactability.reason in ('OBJECTED', 'WITHDRAWN', 'REFUSED')
        ) / count(distinct contactability.customer_id),
        1
    ) as refused_percent
from marts.contactability
inner join marts.customer_360 on contactability.customer_id = customer_360.customer_id
where contactability.product_family = ''
group by contactability.channel, contactability.purpose, customer_360.generation
order by contactability.channel, contactability.purpose, customer_360.generation;
