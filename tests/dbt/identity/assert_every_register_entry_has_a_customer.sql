-- Register entries without a customer, though nobody has blocked their own number.
select records.record_key
from {{ ref('int_identity_records') }} as records
inner join {{ ref('int_edges_judged') }} as edges
    on records.record_key = edges.record_key
    and edges.identifier_type in ('customer_ref', 'account_ref')
    and edges.sharing = 'own'
left join {{ ref('int_record_customers') }} as record_customers on records.record_key = record_customers.record_key
where records.is_profile and record_customers.record_key is null
