-- Records with an edge that joins them and no customer: one of them would be lost.
select edges.record_key
from {{ ref('int_edges_matched') }} as edges
left join {{ ref('int_record_customers') }} as record_customers on edges.record_key = record_customers.record_key
where record_customers.record_key is null
