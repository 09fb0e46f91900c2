-- A customer prefers one channel at most, and has one wherever anything is known. Returns the customers with none or several.
select
    customer_id,
    count(*) filter (where is_preferred) as preferred_count
from {{ ref('channel_preferences') }}
group by customer_id
having count(*) filter (where is_preferred) <> 1
