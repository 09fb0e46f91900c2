-- Edges on a value that a steward blocked.
select edges.record_key
from {{ source('identity', 'overrides') }} as overrides
inner join {{ ref('int_edges_judged') }} as edges
    on overrides.identifier_type = edges.identifier_type
    and overrides.identifier_value = edges.identifier_key
where overrides.action = 'block' and {{ cercle.is_override_valid() }} and edges.node_key is not null
