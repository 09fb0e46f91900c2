-- Pairs of records that a steward unlinked and that are one customer all the same.
select overrides.override_id
from {{ source('identity', 'overrides') }} as overrides
inner join {{ ref('int_record_customers') }} as lefts on overrides.left_record = lefts.record_key
inner join {{ ref('int_record_customers') }} as rights on overrides.right_record = rights.record_key
where overrides.action = 'unlink' and {{ cercle.is_override_valid() }} and lefts.customer_id = rights.customer_id
