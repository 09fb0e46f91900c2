-- Ids that were published once and now are neither a customer's nor retired.
select published_ids.id
from {{ source('identity', 'ids') }} as published_ids
left join {{ ref('int_customer_ids_versioned') }} as versioned on published_ids.id = versioned.id
left join {{ ref('int_id_redirects_proposed') }} as redirects
    on published_ids.id = redirects.retired_id
    and redirects.kind = 'customer'
where published_ids.kind = 'customer' and versioned.id is null and redirects.retired_id is null
