-- Redirects that lead to an id without members, or from one that has some.
with

living as (
    select distinct id
    from {{ ref('int_customer_ids_versioned') }}
)

select redirects.retired_id
from {{ ref('int_id_redirects_proposed') }} as redirects
left join living as successors on redirects.successor_id = successors.id
left join living as retired on redirects.retired_id = retired.id
where
    redirects.kind = 'customer'
    and ((redirects.successor_id is not null and successors.id is null) or retired.id is not null)
